package templates

import "github.com/a-h/templ"

// wrong are the fields in error.
func wrong(fields []Field) (list []Field) {
	for _, field := range fields {
		if field.Error != "" {
			list = append(list, field)
		}
	}
	return list
}

func (f Field) class() string {
	if f.Error != "" {
		return "wrong"
	}
	return ""
}

// input is the type of the input element.
func (f Field) input() string {
	switch f.Type {
	case "checkboxes":
		return "checkbox"
	case "radios":
		return "radio"
	case "":
		return "text"
	}
	return f.Type
}

// attributes tie a field to its help and its error.
func (f Field) attributes() templ.Attributes {
	attributes := templ.Attributes{}
	notes := ""
	if f.Help != "" {
		notes = f.Name + "-help"
	}
	if f.Error != "" {
		attributes["aria-invalid"] = "true"
		notes += " " + f.Name + "-error"
	}
	if notes != "" {
		attributes["aria-describedby"] = notes
	}
	if f.Complete != "" {
		attributes["autocomplete"] = f.Complete
	}
	return attributes
}

func (b Button) class() string {
	switch {
	case b.Grave:
		return "grave"
	case b.Quiet:
		return "quiet"
	}
	return "main"
}
