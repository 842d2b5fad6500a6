// Package crash is for tests: it lets a program be killed at a chosen point.
//
// In a usual build, At does nothing and costs nothing, and no environment can make
// it. In one made with `go build -tags crash`, At kills its own process by SIGKILL
// where the environment says so:
//
//	WCME_CRASH_AT="POINT GLOB [N]"
//
// POINT and GLOB are patterns as of path.Match. GLOB is matched with as many of the
// last elements of the subject, a path, as it has elements itself; N, 1 when it is
// left out, is how many times that matches until the process is killed:
//
//	WCME_CRASH_AT="rename standing/*.json"   the first time that a standing is replaced
//	WCME_CRASH_AT="* www/* 2"                at the second point of any kind in www
//	WCME_CRASH_AT="* * 17"                   at the seventeenth point at all
//
// The points are those of package durable, which has the only ones.
package crash
