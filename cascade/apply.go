package cascade

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/cameronelliott/janus-go/internal/backoff"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"golang.org/x/sync/errgroup"
)

// held is a creation that has failed and is not tried again before a time. Both the
// attempt and its undoing are seen by the watcher of the other server, and make a pass
// due, so that the delay between passes does not space them out.
type held struct {
	backoff.Backoff
	until    time.Time
	err      error
	from, to *member
}

// due returns the jobs that are not held back, and the errors of the others. It forgets
// what is no longer planned, and what was between other servers.
func (c *Controller) due(jobs []job, now time.Time) (due []job, failed map[route]error) {
	planned := make(map[route]bool, len(jobs))
	for _, j := range jobs {
		planned[j.route] = true
	}
	maps.DeleteFunc(c.held, func(r route, h *held) bool {
		return !planned[r] || h.from != c.current[r.from] || h.to != c.current[r.to]
	})
	failed = make(map[route]error)
	for _, j := range jobs {
		h := c.held[j.route]
		if h != nil && j.create != nil && len(j.remove) == 0 && now.Before(h.until) {
			failed[j.route] = h.err
		} else {
			due = append(due, j)
		}
	}
	return due, failed
}

// holdBack notes which creations have failed.
func (c *Controller) holdBack(jobs []job, failed map[route]error, now time.Time) {
	for _, j := range jobs {
		if j.create == nil || failed[j.route] == nil {
			delete(c.held, j.route)
			continue
		}
		h := c.held[j.route]
		if h == nil {
			h = &held{
				Backoff: backoff.Backoff{Min: minRepeat, Max: max(minRepeat, c.opts.Interval)},
				from:    c.current[j.from], to: c.current[j.to],
			}
			c.held[j.route] = h
		}
		h.until, h.err = now.Add(h.Next()), failed[j.route]
	}
}

// apply does all jobs and adds the errors of those that failed to failed. It
// removes everything that is to be removed before it makes anything new: a server
// that was restarted uses its ports again, and others may still send to them.
// What arrives at a port for RTCP decides where requests for keyframes go.
func (c *Controller) apply(ctx context.Context, jobs []job, failed map[route]error) {
	c.each(jobs, failed, func(j job) error { return c.doRemovals(ctx, j) })
	c.each(jobs, failed, func(j job) error { return c.doChanges(ctx, j) })
}

// each calls f for all jobs that have not failed, concurrently, and adds its
// errors to failed.
func (c *Controller) each(jobs []job, failed map[route]error, f func(job) error) {
	errs := make([]error, len(jobs))
	var group errgroup.Group
	group.SetLimit(c.opts.Concurrency)
	for i, j := range jobs {
		if failed[j.route] == nil {
			errs[i] = errNoReturn
			group.Go(func() error {
				errs[i] = f(j)
				return nil
			})
		}
	}
	_ = group.Wait() // the errors are in errs
	for i, err := range errs {
		if err != nil {
			failed[jobs[i].route] = err
		}
	}
}

// doRemovals does the part of a job that removes links. What fails here and in
// doChanges is planned again in the next pass.
func (c *Controller) doRemovals(ctx context.Context, j job) error {
	for _, r := range j.remove {
		if err := c.removeLink(ctx, j.route, r); err != nil {
			return err
		}
	}
	return nil
}

// doChanges does the other parts of a job.
func (c *Controller) doChanges(ctx context.Context, j job) error {
	if j.update != nil {
		if err := c.updateLink(ctx, j.route, j.update); err != nil {
			return err
		}
	}
	if j.repoint != nil {
		if err := c.repointLink(ctx, j.route, j.repoint); err != nil {
			return err
		}
	}
	if j.create != nil {
		return c.createLink(ctx, j.route, j.create)
	}
	return nil
}

// createLink makes a link: first what receives, then what sends.
func (c *Controller) createLink(ctx context.Context, r route, n *creation) error {
	from, to := c.current[r.from], c.current[r.to]
	if n.host == "" {
		return fmt.Errorf("cascade: no host of server %q for media from %q", r.to, r.from)
	}
	if n.srtp && min(from.version, to.version) < sinceSRTP {
		return fmt.Errorf("cascade: servers %q and %q must both be 1.3.0 or newer for SRTP", r.from, r.to)
	}
	nonce := newNonce()
	name := remotization{to: r.to, nonce: nonce, host: hostHash(n.host)}
	add := videoroom.AddRemotePublisher{
		Room: c.opts.Room.Room, Secret: c.opts.Room.Secret, ID: c.names.id(r, nonce), Display: n.display,
		Metadata: n.metadata, Iface: to.Iface, Streams: n.streams,
	}
	if n.srtp {
		name.key = c.keys.check(r, nonce)
		add.SRTPSuite, add.SRTPCrypto = videoroom.SRTPSuite80, c.keys.crypto(r, nonce)
	}
	var added *videoroom.RemotePublisherAdded
	err := c.call(ctx, to, "add_remote_publisher", func(ctx context.Context, client *videoroom.Client) (err error) {
		added, err = client.AddRemotePublisher(ctx, add)
		return err
	})
	if err != nil {
		return err
	}
	c.remember(nonce, &link{route: r, id: add.ID, since: time.Now(), made: true, srtp: n.srtp, sent: n.streams})
	err = c.publish(ctx, from, r, videoroom.Remote{
		RemoteID: c.names.remoteID(name), Port: added.Port, RTCPPort: added.RTCPPort,
	}, n.host, add.SRTPSuite, add.SRTPCrypto)
	if err == nil {
		return nil
	}
	// Nobody must be left to wait for media that does not come, also if ctx has ended.
	undone := c.removeLink(context.WithoutCancel(ctx), r, removal{nonce: nonce, id: add.ID})
	if errors.Is(err, videoroom.ErrorNoSuchFeed) {
		return undone // the publisher has just left
	}
	return errors.Join(err, undone)
}

// publish makes a remotization.
func (c *Controller) publish(ctx context.Context, from *member, r route, remote videoroom.Remote, host string, suite videoroom.SRTPSuite, crypto string) error {
	return c.callUnless(ctx, from, "publish_remotely", func(ctx context.Context, client *videoroom.Client) error {
		_, err := client.PublishRemotely(ctx, videoroom.PublishRemotely{
			Room: c.opts.Room.Room, Secret: c.opts.Room.Secret, AdminKey: from.AdminKey, PublisherID: r.publisher,
			RemoteID: remote.RemoteID, Host: host, HostFamily: c.current[r.to].HostFamily,
			Port: remote.Port, RTCPPort: remote.RTCPPort, SRTPSuite: suite, SRTPCrypto: crypto,
		})
		return err
	}, videoroom.ErrorIDExists)
}

// unpublish removes a remotization.
func (c *Controller) unpublish(ctx context.Context, r route, remoteID string) error {
	return c.callUnless(ctx, c.current[r.from], "unpublish_remotely", func(ctx context.Context, client *videoroom.Client) error {
		_, err := client.UnpublishRemotely(ctx, videoroom.UnpublishRemotely{
			Room: c.opts.Room.Room, Secret: c.opts.Room.Secret, PublisherID: r.publisher, RemoteID: remoteID,
		})
		return err
	}, videoroom.ErrorNoSuchFeed, videoroom.ErrorNoSuchRoom)
}

// stop stops forwarders of a publisher.
func (c *Controller) stop(ctx context.Context, r route, streams []uint32) error {
	from := c.current[r.from]
	for _, stream := range streams {
		err := c.callUnless(ctx, from, "stop_rtp_forward", func(ctx context.Context, client *videoroom.Client) error {
			_, err := client.StopRTPForward(ctx, videoroom.StopRTPForward{
				Room: c.opts.Room.Room, Secret: c.opts.Room.Secret, AdminKey: from.AdminKey,
				PublisherID: r.publisher, StreamID: stream,
			})
			return err
		}, videoroom.ErrorNoSuchFeed, videoroom.ErrorNoSuchRoom)
		if err != nil {
			return err
		}
	}
	return nil
}

// removeLink removes a link: first what sends, then what receives.
func (c *Controller) removeLink(ctx context.Context, r route, l removal) error {
	if l.remoteID != "" {
		// Without the remotization nobody could tell whose the strays are.
		if err := c.stop(ctx, r, l.strays); err != nil {
			return err
		}
		if err := c.unpublish(ctx, r, l.remoteID); err != nil {
			return err
		}
	}
	if !l.id.IsZero() {
		if err := c.removeRemote(ctx, c.current[r.to], l.id); err != nil {
			return err
		}
	}
	c.forget(r.to, l)
	return nil
}

// removeRemote removes a remote publisher.
func (c *Controller) removeRemote(ctx context.Context, to *member, id plugin.ID) error {
	return c.callUnless(ctx, to, "remove_remote_publisher", func(ctx context.Context, client *videoroom.Client) error {
		return client.RemoveRemotePublisher(ctx, videoroom.RemoveRemotePublisher{
			Room: c.opts.Room.Room, Secret: c.opts.Room.Secret, ID: id,
		})
	}, videoroom.ErrorNoSuchFeed, videoroom.ErrorNoSuchRoom)
}

// updateLink changes a remote publisher.
func (c *Controller) updateLink(ctx context.Context, r route, u *update) error {
	q := videoroom.UpdateRemotePublisher{
		Room: c.opts.Room.Room, Secret: c.opts.Room.Secret, ID: u.id, Display: u.display, Metadata: u.metadata, Streams: u.streams,
	}
	if u.crypto != "" {
		q.SRTPSuite, q.SRTPCrypto = videoroom.SRTPSuite80, u.crypto
	}
	err := c.callUnless(ctx, c.current[r.to], "update_remote_publisher", func(ctx context.Context, client *videoroom.Client) error {
		return client.UpdateRemotePublisher(ctx, q)
	}, videoroom.ErrorNoSuchFeed) // it will be missing in the next pass
	if err == nil {
		c.updated(u)
	}
	return err
}

// repointLink makes a remotization once more, and stops the forwarders that Janus
// has made for it but does not remove with it. If they cannot be stopped, they
// are found again in the next pass, because the remotization is there.
func (c *Controller) repointLink(ctx context.Context, r route, again *repoint) error {
	if err := c.unpublish(ctx, r, again.RemoteID); err != nil {
		return err
	}
	strays, err := c.listStrays(ctx, r, again.Remote)
	if err == nil {
		err = c.stop(ctx, r, strays)
	}
	return errors.Join(err, c.publish(ctx, c.current[r.from], r, again.Remote, again.host, 0, ""))
}

// listStrays lists the strays of a remotization.
func (c *Controller) listStrays(ctx context.Context, r route, remote videoroom.Remote) (ids []uint32, err error) {
	publishers, err := c.forwarders(ctx, c.current[r.from])
	for _, publisher := range publishers {
		if publisher.PublisherID == r.publisher {
			ids = append(ids, straysOf(publisher.Forwarders, remote)...)
		}
	}
	return ids, err
}

// callUnless is call for requests of which some errors mean that there is
// nothing left to do.
func (c *Controller) callUnless(ctx context.Context, m *member, name string, f func(context.Context, *videoroom.Client) error, done ...videoroom.ErrorCode) error {
	return c.call(ctx, m, name, func(ctx context.Context, client *videoroom.Client) error {
		err := f(ctx, client)
		for _, code := range done {
			if errors.Is(err, code) {
				return nil
			}
		}
		return err
	})
}
