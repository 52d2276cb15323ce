package certchain

// Thresholds at their edges, for certificates of ten years and of an hour.

import (
	"crypto/x509"
	"testing"
	"time"
)

const hour = time.Hour

func TestByHand(t *testing.T) {
	for _, c := range []struct {
		name           string
		lifetime, left time.Duration
		want           Urgency
	}{
		{"a year, 31 days", 365 * day, 31 * day, Calm},
		{"a year, 29 days", 365 * day, 29 * day, Soon},
		{"a year, 7 days", 365 * day, 7 * day, Soon},
		{"a year, 6 days", 365 * day, 6 * day, Late},
		{"90 days, 30 days", 90 * day, 30 * day, Calm},
		{"90 days, 29 days", 90 * day, 29 * day, Soon},
		{"47 days, 16 days", 47 * day, 16 * day, Calm},
		{"47 days, 15 days", 47 * day, 15 * day, Soon},
		{"47 days, 6 days", 47 * day, 6 * day, Late},
		{"160 hours, 54 hours", 160 * hour, 54 * hour, Calm},
		{"160 hours, 53 hours", 160 * hour, 53 * hour, Soon},
		{"160 hours, 26 hours", 160 * hour, 26 * hour, Late},
		{"a day, 9 hours", day, 9 * hour, Calm},
		{"a day, 7 hours", day, 7 * hour, Soon},
		{"ten years, 31 days", 3650 * day, 31 * day, Calm},
		{"expired", 90 * day, -hour, Late},
		{"no lifetime at all", 0, hour, Calm},
	} {
		if got := ByHand(c.lifetime, epoch.Add(c.left), epoch); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestSchedule(t *testing.T) {
	for _, c := range []struct {
		name               string
		lifetime           time.Duration
		before, percentage string
		want               time.Duration
		stated             bool
	}{
		{"default", 90 * day, "", "", 30 * day, false},
		{"stated", 90 * day, "360h", "", 15 * day, true},
		{"percentage", 100 * day, "", "25", 25 * day, true},
		{"both: the time wins", 100 * day, "240h", "25", 10 * day, true},
		{"as long as the certificate lives", 45 * day, "1080h", "", 15 * day, false},
		{"negative", 90 * day, "-1h", "", 30 * day, false},
		{"percentage of all", 90 * day, "", "100", 30 * day, false},
		{"nonsense", 90 * day, "30d", "x", 30 * day, false},
	} {
		got := NewSchedule(c.lifetime, c.before, c.percentage)
		if got.Before != c.want || got.Stated != c.stated {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestScheduleGrade(t *testing.T) {
	for _, c := range []struct {
		name           string
		lifetime, left time.Duration
		before         string
		want           Urgency
	}{
		{"before the renewal", 90 * day, 31 * day, "", Calm},
		{"in the renewal window", 90 * day, 29 * day, "", Calm}, // 2 % of 90 days are 43 hours
		{"overdue by the default", 90 * day, 27 * day, "", Notice},
		{"overdue by half the window", 90 * day, 14 * day, "", Soon},
		{"two tries left", 90 * day, 60 * hour, "", Late},
		{"renewed later on purpose", 90 * day, 16 * day, "360h", Calm},
		{"overdue by what was stated", 90 * day, 12 * day, "360h", Soon},
		{"stated, two tries left", 90 * day, 60 * hour, "360h", Late},
		{"six days, renewal window", 160 * hour, 51 * hour, "", Calm},
		{"six days, overdue", 160 * hour, 40 * hour, "", Notice},
		{"six days, less than a sixth", 160 * hour, 26 * hour, "", Late}, // tries at 31 h after the renewal, and that is all
		{"an hour, renewal due 10 minutes ago", hour, 10 * time.Minute, "", Calm},
		{"an hour, 5 minutes left", hour, 5 * time.Minute, "", Late},
		{"ten years", 3650 * day, 1200 * day, "", Calm},
	} {
		s := NewSchedule(c.lifetime, c.before, "")
		if got := s.Grade(c.lifetime, epoch.Add(c.left), epoch); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// A certificate of 160 hours renews at 106.7 h; tries follow after 0, 1, 3, 7, 15 and 31 hours, and the next, after 63, is too late.
func TestTriesLeft(t *testing.T) {
	end := epoch.Add(160 * hour)
	due := NewSchedule(160*hour, "", "").Due(end)
	for after, want := range map[time.Duration]int{
		-hour: 6, time.Minute: 5, 2 * hour: 4, 6 * hour: 3, 14 * hour: 2, 30 * hour: 1, 32 * hour: 0, 60 * hour: 0,
	} {
		if got := TriesLeft(due, end, due.Add(after)); got != want {
			t.Errorf("%s after the renewal was due: %d, want %d", after, got, want)
		}
	}
}

func TestValidity(t *testing.T) {
	cert := &x509.Certificate{NotBefore: epoch, NotAfter: epoch.Add(time.Hour)}
	for at, want := range map[time.Duration][2]bool{
		-hour: {true, false}, -ClockSkew - time.Second: {true, false}, -ClockSkew: {false, false}, 0: {false, false},
		hour: {false, false}, hour + time.Second: {false, true},
	} {
		now := epoch.Add(at)
		if got := [2]bool{NotYetValid(cert, now), Expired(cert, now)}; got != want {
			t.Errorf("at %s: not yet valid, expired: %v", at, got)
		}
	}
	backwards := &x509.Certificate{NotBefore: epoch, NotAfter: epoch.Add(-time.Hour)}
	eternal := &x509.Certificate{NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}
	if Lifetime(backwards) != 0 || Lifetime(eternal) < 290*365*day || ByHand(Lifetime(eternal), eternal.NotAfter, epoch) != Calm {
		t.Errorf("lifetimes %s and %s", Lifetime(backwards), Lifetime(eternal))
	}
}
