package notify

import "testing"

// A function that does not return has 1,024 values waiting for it, the latest.
func TestThousandsOfValues(t *testing.T) {
	const sent = 5000
	called, release, done := make(chan struct{}, sent), make(chan struct{}), make(chan struct{})
	var got []int
	n := New(func(v int) {
		called <- struct{}{}
		<-release
		got = append(got, v)
		if v == sent {
			close(done)
		}
	})
	n.Send(0)
	<-called
	for v := 1; v <= sent; v++ {
		n.Send(v)
	}
	close(release)
	<-done
	if len(got) != 1+1024 || got[1] != sent-1023 {
		t.Errorf("%d values came, the second is %d", len(got), got[1])
	}
}
