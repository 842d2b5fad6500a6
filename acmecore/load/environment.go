package load

import (
	"strings"

	"wcme/acmecore/process"
)

// maxList is the size of one list in the environment, in bytes. Three of them stay
// below 100 KB, and each below the 128 KiB that Linux allows one variable.
const maxList = 32 << 10

// environment is all that a command finds in its environment:
//
//	WCME_NAMES          the host names of the batch, separated by a space
//	WCME_CERTIFICATES   the ids of its certificates, separated by a space
//	WCME_CHANGED_FILES  the files that were changed, one a line: a path may have
//	                    spaces in it
//	WCME_RUN            a word that no other command gets: by it a command is found
//	                    again that an overseer left behind when it was killed
//	WCME_TRUNCATED      "1" where one of the lists was cut after 32 KiB, or where a
//	                    path has a line end in it and was left out; otherwise absent
//	PATH                /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
//	HOME                of the user that it runs as
//	LANG                C.UTF-8
//
// A key is never in it, nor in arguments: a command that needs one reads the file.
func environment(b Batch, home string) []string {
	names, cutNames := list(b.Names, " ")
	certificates, cutCertificates := list(b.Certificates, " ")
	files, cutFiles := list(b.ChangedFiles, "\n")
	all := []string{
		"WCME_NAMES=" + names,
		"WCME_CERTIFICATES=" + certificates,
		"WCME_CHANGED_FILES=" + files,
		"PATH=" + process.SearchPath,
		"HOME=" + home,
		"LANG=C.UTF-8",
	}
	if cutNames || cutCertificates || cutFiles {
		all = append(all, "WCME_TRUNCATED=1")
	}
	return all
}

// list joins as many whole items as there is room for. An item that could be taken
// for two is left out.
func list[T ~string](items []T, separator string) (joined string, cut bool) {
	var text strings.Builder
	for _, item := range items {
		if item == "" || strings.ContainsAny(string(item), separator+"\n\x00") {
			cut = true
			continue
		}
		if text.Len()+len(separator)+len(item) > maxList {
			return text.String(), true
		}
		if text.Len() > 0 {
			text.WriteString(separator)
		}
		text.WriteString(string(item))
	}
	return text.String(), cut
}
