// Package faults has no code: its tests do to the real programs what goes wrong in
// the world, case by case, and then look at what is left. The cases have numbers,
// which stand in the names of the tests' rows; so have the invariants, which hold
// after each:
//
//	I1  a certificate and its key are always there, and belong together
//	I2  there is one account, with one key
//	I3  no certificate that the CA has issued is thrown away
//	I4  nothing is left over: no temporary file, challenge, order or process
//	I5  it comes to a good end without anybody's help
//	I6  the administrator is told, once, and no secret
//	I7  the CA is asked no more than is needed
//	I8  visitors get the old certificate, or the new one
//	I9  what has a key in it is nobody else's to read, at any moment
//
// # Kills: C01 to C33
//
// The files crash… kill -9 wCME just at a moment: while it obtains a first
// certificate, while it renews one, and while it renews one with three targets and a
// load. It is the overseer at its daily work, the overseer that a verb has asked, or a
// verb that does the work in process. Then an overseer is started, and has to come to
// the end by itself.
//
// The program is built with the tag crash, on the lab's clock, so that certificates
// are old enough to be renewed. A moment on the CA's side is the lab's: Between kills
// before it passes a request on, or before it gives back the answer.
//
// C34, a kill while the account's key is changed, is not there: wCME cannot change
// the key of an account.
//
// # Disks, clocks, damage, several at once: D, K, S and X
//
// The files disk…, clock, damage and together give wCME disks that are full, broken or
// read-only, a clock that jumps by years, state files that are cut, garbled or lie, and
// itself as a rival. Full disks are tmpfs in a mount namespace of the test's own;
// errors of single system calls come from strace.
//
// # Loads, reports and politeness: L, M, N and I7
//
// The files load…, report… and polite… have load actions that fail, hang, shout or kill
// wCME, mail servers and system logs that are away, and CAs that refuse everything for
// days: by the lab's clock, with the requests counted that reach the CA.
package faults
