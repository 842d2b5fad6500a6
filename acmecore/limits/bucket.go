package limits

import "time"

// interval is how long it takes until there is room for one more.
func (b Bucket) interval() time.Duration { return b.Period / time.Duration(max(b.Count, 1)) }

// whole is how long a bucket takes that is used up until it is as new.
func (b Bucket) whole() time.Duration { return b.interval() * time.Duration(b.Count) }

// spend takes one from a bucket that will be as new at the time new, and returns when
// it will be so then. From one that is used up nothing can be taken: the CA has shown
// that it allows more, or that it does not count this.
func (b Bucket) spend(asNew, at time.Time) time.Time {
	if b.Count <= 0 {
		return asNew
	}
	return sooner(later(asNew, at).Add(b.interval()), at.Add(b.whole()))
}

// room says how many are taken from a bucket that will be as new at the time, and when
// there is room for one more; zero where there is now.
func (b Bucket) room(asNew, now time.Time) (taken int, until time.Time) {
	ahead := asNew.Sub(now)
	if b.Count <= 0 || ahead <= 0 {
		return 0, time.Time{}
	}
	taken = min(int((ahead+b.interval()-1)/b.interval()), b.Count)
	if ahead > b.whole()-b.interval() {
		until = asNew.Add(b.interval() - b.whole())
	}
	return taken, until
}

func sooner(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
