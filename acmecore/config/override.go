package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"wcme/acmecore"
)

// Override puts what variables of the environment say in the place of what the
// file says, as the logical names of the VMS original do. Each is a list that
// commas separate; one that is empty, or nothing but white space, says nothing.
//
//	WCME_CERT    directories: the targets, of format combined, called cert1, cert2, …
//	WCME_LOAD    "+" or texts for the shell: the load actions, called load1, load2, …
//	WCME_MAIL    mail addresses: [report] mail
//	WCME_OPCOM   syslog facilities, or "none": [report] opcom
//
// A command with a comma in it can only stand in the file. The error is of kind
// Invalid and begins with the variable's name; the configuration is of no use then.
func (c *Config) Override(getenv func(string) string) error {
	for _, variable := range []struct {
		name string
		set  func(*Config, []string) error
	}{
		{"WCME_LOAD", (*Config).overrideLoad},
		{"WCME_CERT", (*Config).overrideCert}, // after it: the actions must fit the targets
		{"WCME_MAIL", (*Config).overrideMail},
		{"WCME_OPCOM", (*Config).overrideOpcom},
	} {
		text := getenv(variable.name)
		if strings.TrimSpace(text) == "" {
			continue
		}
		if err := variable.set(c, listed(text)); err != nil {
			return invalid(variable.name, err)
		}
	}
	return nil
}

// listed takes the values of a variable apart.
func listed(text string) (values []string) {
	for value := range strings.SplitSeq(text, ",") {
		values = append(values, strings.TrimSpace(value))
	}
	return values
}

func (c *Config) overrideLoad(commands []string) error {
	c.Load = nil
	for i, command := range commands {
		action := Load{Name: Label{fmt.Sprintf("load%d", i+1)}, Timeout: lasting(time.Minute)}
		if err := action.Run.UnmarshalText([]byte(command)); err != nil {
			return err
		}
		c.Load = append(c.Load, action)
	}
	return nil
}

func (c *Config) overrideCert(directories []string) error {
	c.Install = nil
	for i, directory := range directories {
		target := Install{Name: Label{fmt.Sprintf("cert%d", i+1)}, Format: FormatCombined}
		if err := target.Dir.UnmarshalText([]byte(directory)); err != nil {
			return err
		}
		c.Install = append(c.Install, target)
	}
	if err := c.checkTargets(document{}); err != nil {
		return err
	}
	return c.fitActions()
}

// fitActions finds a load action of the file that is for a target of the file.
func (c *Config) fitActions() error {
	for _, action := range c.Load {
		if err := known("target", action.Install, c.targetNames()); err != nil {
			return &acmecore.Error{Kind: acmecore.Invalid, Op: "load action", Subject: action.Name.String(),
				Cause: errors.New("it is for targets of wcme.toml, which the variable takes the place of"),
				Hint:  "set WCME_LOAD too, or leave `install` out of the action"}
		}
	}
	return nil
}

func (c *Config) overrideMail(addresses []string) error {
	c.Report.Mail = nil
	for _, address := range addresses {
		recipient, err := ParseRecipient(address)
		if err != nil {
			return err
		}
		c.Report.Mail = append(c.Report.Mail, recipient)
	}
	return nil
}

func (c *Config) overrideOpcom(words []string) error {
	c.Report.Opcom = make([]Facility, len(words))
	for i, word := range words {
		if err := c.Report.Opcom[i].UnmarshalText([]byte(word)); err != nil {
			return err
		}
	}
	_, err := c.Report.check()
	return err
}
