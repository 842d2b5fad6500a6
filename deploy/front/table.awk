# table.awk makes a Markdown table of the sorted records of deploy/front: server,
# mode, requests and how many of them passed, with tabs between. It fails when a
# request did not pass, and when there is no record at all.
BEGIN {
	FS = "\t"
	print "| server | mode | requests | passed |"
	print "|---|---|--:|--:|"
}
{
	print "| " $1 " | " $2 " | " $3 " | " $4 " |"
	if ($3 != $4 || $3 == 0) failed = 1
}
END { exit failed || NR == 0 }
