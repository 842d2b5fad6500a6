package front

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// Parse reads a script in the format that the head of front.txtar describes.
func Parse(text []byte) (*Script, error) {
	p := &parser{shared: make(map[string]Answer), names: make(map[string]bool)}
	for _, file := range txtar.Parse(text).Files {
		if err := p.file(file.Name, strings.Split(strings.TrimSuffix(string(file.Data), "\n"), "\n")); err != nil {
			return nil, fmt.Errorf("case %q, %w", file.Name, err)
		}
	}
	if len(p.script.Cases) == 0 {
		return nil, errors.New("there is no case in it")
	}
	return &p.script, nil
}

// parser is where the reading of a script stands.
type parser struct {
	script Script
	shared map[string]Answer // by name, with the "@"
	names  map[string]bool
	Case
	answer *Answer // the one that lines are added to
}

// file reads a case or a shared answer.
func (p *parser) file(name string, lines []string) error {
	if p.names[name] {
		return errors.New("line 1: there is another case of that name")
	}
	p.names[name] = true
	p.Case, p.answer = Case{Name: name}, nil
	shared := strings.HasPrefix(name, "@")
	for i, line := range lines {
		if err := p.line(line, shared); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if err := p.complete(shared); err != nil {
		return fmt.Errorf("line %d: %w", len(lines), err)
	}
	if shared {
		p.shared[name] = p.Answers[0]
	} else {
		p.script.Cases = append(p.script.Cases, p.Case)
	}
	return nil
}

// complete tells what is missing at the end of a case.
func (p *parser) complete(shared bool) error {
	switch {
	case p.answer == nil:
		return errors.New("there is no answer at the end")
	case shared && len(p.Answers) > 1:
		return errors.New("a shared answer is one, without \"or\"")
	case shared:
		return nil
	case slices.ContainsFunc(p.Answers, func(a Answer) bool { return len(a.Statuses) == 0 }):
		return errors.New("an answer has no status")
	case p.Channel == "":
		return errors.New("there is no channel: \"on http\"")
	case len(p.Request) == 0:
		return errors.New("there is no request")
	}
	return nil
}

// line adds one line to the case: a word, a space and the rest.
func (p *parser) line(line string, shared bool) error {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case word == "<" || word == "=" || word == "~" || strings.HasPrefix(word, "@"):
		return p.answerLine(word, rest)
	case line == "" || word == "#":
		return nil
	case shared && word != "or":
		return fmt.Errorf("%q cannot be in a shared answer", line)
	}
	return p.requestLine(word, rest)
}

// requestLine adds what is not part of an answer.
func (p *parser) requestLine(word, rest string) error {
	if word != "or" && word != "take" && len(p.Answers) > 0 {
		return fmt.Errorf("%q stands after an answer", word)
	}
	switch word {
	case "on":
		p.Channel = rest
		return checkChannel(rest)
	case "each":
		return p.each(rest)
	case ">":
		p.Request = append(p.Request, rest)
	case ">>":
		p.Body = append(p.Body, rest)
	case "or":
		if p.answer == nil {
			return errors.New("\"or\" stands before the first answer")
		}
		p.answer = nil
	case "take":
		return p.take(rest)
	default:
		return fmt.Errorf("%q is no word of this format", word)
	}
	return nil
}

func checkChannel(name string) error {
	if _, known := (Target{}).addresses()[name]; !known {
		return fmt.Errorf("there is no channel %q", name)
	}
	return nil
}

// each adds a value of the case's variable.
func (p *parser) each(rest string) error {
	variable, value, _ := strings.Cut(rest, " ")
	if !isVariable(variable) || p.Each != "" && p.Each != variable {
		return fmt.Errorf("\"each\" names a variable, and in a case always the same one: %q", variable)
	}
	p.Each, p.Values = variable, append(p.Values, value)
	return nil
}

// take reads which part of the body is kept.
func (p *parser) take(rest string) error {
	variable, pattern, _ := strings.Cut(rest, " ")
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	if !isVariable(variable) || compiled.NumSubexp() != 1 {
		return fmt.Errorf("\"take\" names a variable and a pattern with one group: %q", rest)
	}
	p.Takes = append(p.Takes, Take{variable, compiled})
	return nil
}

// answerLine adds to the answer, or begins one.
func (p *parser) answerLine(word, rest string) error {
	if p.answer == nil {
		p.Answers = append(p.Answers, Answer{})
		p.answer = &p.Answers[len(p.Answers)-1]
	}
	switch word {
	case "<":
		return p.answer.head(rest)
	case "=":
		p.answer.Body = append(p.answer.Body, rest)
	case "~":
		p.answer.Contains = append(p.answer.Contains, rest)
	default:
		shared, found := p.shared[word]
		if !found || rest != "" {
			return fmt.Errorf("there is no shared answer %q before this", strings.TrimSpace(word+" "+rest))
		}
		return p.answer.add(shared)
	}
	return nil
}

// head reads what follows "<": a status or a header.
func (a *Answer) head(text string) error {
	name, value, isHeader := strings.Cut(text, ":")
	if !isHeader {
		return a.status(text)
	}
	plain, optional := strings.CutSuffix(name, "?")
	value = strings.TrimSpace(value)
	a.Headers = append(a.Headers, Header{Name: plain, Value: value, Absent: value == "", Optional: optional})
	return nil
}

// status reads "404" or "400|404".
func (a *Answer) status(text string) error {
	if len(a.Statuses) > 0 {
		return fmt.Errorf("%q: the answer has a status already", text)
	}
	for word := range strings.SplitSeq(text, "|") {
		status, err := strconv.Atoi(word)
		if err != nil || status < 200 || status > 599 {
			return fmt.Errorf("%q is neither a status nor a header", text)
		}
		a.Statuses = append(a.Statuses, status)
	}
	return nil
}

// add takes over what a shared answer wants.
func (a *Answer) add(shared Answer) error {
	if len(a.Statuses) > 0 && len(shared.Statuses) > 0 {
		return errors.New("the answer has a status already")
	}
	a.Statuses = append(a.Statuses, shared.Statuses...)
	a.Headers = append(a.Headers, shared.Headers...)
	a.Body = append(a.Body, shared.Body...)
	a.Contains = append(a.Contains, shared.Contains...)
	return nil
}
