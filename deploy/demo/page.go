package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// page is what the user reads: steps with a number and a title, commands with a
// dollar sign, what they said indented. Several goroutines write to it.
type page struct {
	mu    sync.Mutex
	w     io.Writer
	steps int
	part  []byte // of a line that a command has not finished
}

// title begins a step.
func (p *page) title(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps++
	fmt.Fprintf(p.w, "\n%d. %s\n", p.steps, text)
}

// say writes lines as they are.
func (p *page) say(lines ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range lines {
		fmt.Fprintln(p.w, line)
	}
}

// show writes lines as the output of something.
func (p *page) show(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.indent(fmt.Sprintf(format, args...))
}

func (p *page) indent(text string) {
	for line := range strings.Lines(text) {
		fmt.Fprintf(p.w, "     %s\n", strings.TrimSuffix(line, "\n"))
	}
}

// command writes what is typed.
func (p *page) command(words ...string) {
	p.say("   $ " + strings.Join(words, " "))
}

// Write takes the output of a command and shows each line when it is whole.
func (p *page) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.part = append(p.part, text...)
	if end := strings.LastIndexByte(string(p.part), '\n'); end >= 0 {
		p.indent(string(p.part[:end+1]))
		p.part = p.part[end+1:]
	}
	return len(text), nil
}

// flush shows a last line without an end.
func (p *page) flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.indent(string(p.part))
	p.part = nil
}
