package load

import (
	"fmt"

	"wcme/acmecore/process"
)

// Running is the command of a load action that is being executed.
type Running = process.Running

// EndLeftover ends the command, with its process group, that an overseer left behind
// when it was killed, as process.EndLeftover does. An error says that the process is
// still there.
func EndLeftover(running Running) error {
	if err := process.EndLeftover(running); err != nil {
		return fmt.Errorf("end the load action %q that another overseer left: %w", running.Action, err)
	}
	return nil
}
