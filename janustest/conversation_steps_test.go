package janustest_test

// conversation returns requests to the VideoRoom that between them use all of
// its 31 verbs, and make most of its errors. id makes the id of a room or a
// participant.
func conversation(id func(n int) any) []step {
	const secret = "adminpwd"
	wrong := any("1234")
	if _, ok := id(1).(string); ok {
		wrong = 1234
	}
	// of is a request about a room, with its secret.
	of := func(room int, request string, fields m) m {
		body := m{"request": request, "room": id(room), "secret": secret}
		for name, value := range fields {
			body[name] = value
		}
		return body
	}
	audio := m{"mid": "x", "mindex": 0, "type": "audio", "codec": "opus", "fec": true, "description": "mike"}
	video := m{"mid": "y", "mindex": 1, "type": "video", "codec": "vp8", "simulcast": true}
	data := m{"mid": "z", "mindex": 2, "type": "data"}
	remote := func(n int, streams ...m) m {
		return of(1, "add_remote_publisher", m{"id": id(n), "display": "remote", "streams": streams})
	}
	join := func(room, n int, fields m) m {
		body := m{"request": "join", "ptype": "publisher", "room": id(room), "id": id(n)}
		for name, value := range fields {
			body[name] = value
		}
		return body
	}
	forward := func(request string, fields m) m {
		body := of(4, request, m{"publisher_id": id(1), "host": "127.0.0.1"})
		for name, value := range fields {
			body[name] = value
		}
		return body
	}
	return []step{
		// Rooms.
		{"host", m{"request": "create", "room": wrong}, ""},
		{"host", m{"request": "create", "room": id(1), "secret": secret, "description": "first", "publishers": 6, "bitrate": 1000,
			"audiocodec": "opus,pcmu", "videocodec": "vp8,vp9", "notify_joining": true, "rec_dir": "/tmp/none", "opus_dtx": true}, ""},
		{"host", m{"request": "create", "room": id(1)}, ""},
		{"host", m{"request": "create", "room": id(2), "secret": secret, "allowed": []string{"a", "b"}, "audiolevel_event": true, "audio_active_packets": 50}, ""},
		{"host", m{"request": "create", "room": id(3), "is_private": true, "pin": "1111", "require_pvtid": true, "audiocodec": "pcma", "opus_fec": true}, ""},
		{"host", m{"request": "create", "room": id(4), "description": ""}, ""},
		{"host", m{"request": "create", "room": id(5), "require_e2ee": true, "bitrate_cap": true, "bitrate": 128000, "fir_freq": 10}, ""},
		{"host", m{"request": "create", "room": id(6), "publishers": "x"}, ""},
		{"host", m{"request": "create", "room": id(6), "audiocodec": "opus,x"}, ""},
		{"host", m{"request": "list"}, ""},
		{"host", m{"request": "exists", "room": id(1)}, ""},
		{"host", m{"request": "exists", "room": id(9)}, ""},
		{"host", m{"request": "exists", "room": wrong}, ""},
		{"host", m{"request": "exists"}, ""},
		{"host", m{"request": "edit", "room": id(1)}, ""},
		{"host", m{"request": "edit", "room": id(1), "secret": "x"}, ""},
		{"host", of(1, "edit", m{"new_description": "one", "new_publishers": 5, "new_bitrate": 63999, "new_secret": "", "new_pin": ""}), ""},
		{"host", of(9, "edit", nil), ""},
		{"host", m{"request": "list"}, ""},
		{"host", of(2, "allowed", m{"action": "add", "allowed": []string{"c"}}), ""},
		{"host", of(2, "allowed", m{"action": "remove", "allowed": []string{"a"}}), ""},
		{"host", of(2, "allowed", m{"action": "disable"}), ""},
		{"host", of(2, "allowed", m{"action": "enable"}), ""},
		{"host", of(2, "allowed", m{"action": "sing"}), ""},
		{"host", of(2, "allowed", nil), ""},
		{"host", of(1, "enable_recording", nil), ""},
		{"host", of(1, "enable_recording", m{"record": "yes"}), ""},
		{"host", m{"request": "enable_recording", "room": id(1), "record": true}, ""},
		{"host", of(1, "enable_recording", m{"record": true}), ""},
		{"host", of(1, "enable_recording", m{"record": false}), ""},
		{"host", of(9, "enable_recording", m{"record": true}), ""},
		{"host", m{"request": "odd"}, ""},
		{"host", m{"request": "configure"}, ""},

		// Publishers.
		{"host", m{"request": "join", "room": id(1)}, ""},
		{"host", m{"request": "join", "room": id(1), "ptype": "odd"}, ""},
		{"host", join(9, 1, nil), ""},
		{"host", m{"request": "join", "ptype": "publisher", "room": wrong}, ""},
		{"host", m{"request": "join", "ptype": "publisher", "room": id(1), "id": wrong}, ""},
		{"host", join(3, 1, nil), ""},
		{"host", join(3, 1, m{"pin": "2222"}), ""},
		{"host", join(2, 1, m{"token": "a"}), ""},
		{"host", join(1, 1, m{"display": "host"}), ""},
		{"host", join(1, 1, nil), ""},
		{"guest", join(1, 1, nil), ""},
		{"guest", join(1, 2, nil), ""},
		{"host", of(1, "listparticipants", nil), ""},
		{"host", of(9, "listparticipants", nil), ""},
		{"host", m{"request": "configure", "bitrate": "x"}, ""},
		{"host", m{"request": "configure", "bitrate": 1000, "display": "hostess"}, ""},
		{"host", m{"request": "configure", "display": "hostess"}, ""},
		{"guest", m{"request": "configure", "display": "guest"}, ""},
		{"host", m{"request": "configure", "metadata": m{"a": 1}}, ""},
		{"host", m{"request": "configure", "metadata": m{"a": 2}}, ""},
		{"host", m{"request": "configure", "streams": []m{{"mid": "x", "send": false}}}, ""},
		{"host", m{"request": "configure", "streams": []m{{"send": false}, {"send": true}}}, ""},
		{"host", m{"request": "configure", "descriptions": []m{{"mid": "x"}}}, ""},
		{"host", m{"request": "unpublish"}, ""},
		{"host", of(1, "listparticipants", nil), ""},

		// Remote publishers.
		{"guest", of(1, "add_remote_publisher", m{"id": id(11)}), ""},
		{"guest", of(1, "add_remote_publisher", m{"id": wrong, "streams": []m{audio}}), ""},
		{"guest", remote(11), ""},
		{"guest", remote(11, m{"mid": "x", "type": "audio"}), ""},
		{"guest", remote(11, m{"mid": "x", "mindex": 0, "type": "smell"}), ""},
		{"guest", remote(11, m{"mid": "x", "mindex": 0, "type": "audio"}), ""},
		{"guest", remote(11, m{"mid": "x", "mindex": 0, "type": "audio", "codec": "mp3"}), ""},
		{"guest", m{"request": "add_remote_publisher", "room": id(1), "streams": []m{audio}}, ""},
		{"guest", remote(1, audio), ""},
		{"guest", remote(11, audio, video, data), ""},
		{"guest", remote(11, audio), ""},
		{"guest", remote(12, audio, m{"mid": "y", "mindex": 1, "type": "video", "codec": "vp9", "svc": true}, data), ""},
		{"guest", remote(13, audio, m{"mid": "y", "mindex": 1, "type": "video", "codec": "h264"}), ""},
		{"guest", remote(14, m{"mid": "y", "mindex": 1, "type": "video", "codec": "vp8", "disabled": true}), ""},
		{"guest", remote(15, audio, video), ""},
		{"guest", of(1, "listparticipants", nil), ""},
		{"guest", of(1, "update_remote_publisher", m{"id": id(11)}), ""},
		{"guest", of(1, "update_remote_publisher", m{"id": id(19), "streams": []m{audio}}), ""},
		{"guest", of(1, "update_remote_publisher", m{"id": id(1), "streams": []m{audio}}), ""},
		{"guest", of(1, "update_remote_publisher", m{"id": id(11), "display": "new", "streams": []m{}}), ""},
		{"guest", of(1, "update_remote_publisher", m{"id": id(15), "streams": []m{
			{"mid": "0", "mindex": 0, "type": "audio", "codec": "opus", "description": "other"}}}), ""},
		{"guest", of(1, "update_remote_publisher", m{"id": id(15), "streams": []m{
			{"mid": "n", "mindex": 2, "type": "video", "codec": "vp8", "description": "screen"}}}), ""},
		{"guest", of(1, "moderate", m{"id": id(11), "mid": "0", "mute": true}), ""},
		{"guest", of(1, "moderate", m{"id": id(11), "mid": "1", "mute": true}), ""},
		{"guest", of(1, "moderate", m{"id": id(11), "mid": "9", "mute": true}), ""},
		{"guest", of(1, "moderate", m{"id": id(19), "mid": "0", "mute": true}), ""},
		{"guest", of(1, "moderate", m{"id": id(11), "mid": "0"}), ""},
		{"guest", of(1, "moderate", m{"id": id(11), "mid": "1", "mute": false}), ""},
		{"guest", of(1, "publish_remotely", m{"publisher_id": id(11), "remote_id": "r", "host": "127.0.0.1", "port": 4000}), ""},

		// Subscribers.
		{"viewer", m{"request": "join", "room": id(1), "ptype": "subscriber"}, ""},
		{"viewer", m{"request": "join", "room": id(1), "ptype": "subscriber", "streams": []m{{"feed": id(1)}}}, ""},
		{"viewer", m{"request": "join", "room": id(1), "ptype": "subscriber", "streams": []m{{"feed": wrong}}}, ""},
		{"viewer", m{"request": "join", "room": id(1), "ptype": "subscriber", "streams": []m{{"mid": "0"}}}, ""},
		{"viewer", m{"request": "join", "room": id(1), "ptype": "subscriber", "streams": []m{{"feed": id(11), "mid": "x"}}}, ""},
		{"viewer", m{"request": "join", "room": id(1), "ptype": "subscriber", "streams": []m{{"feed": id(11), "substream": 3}}}, ""},
		{"viewer", m{"request": "join", "room": id(1), "ptype": "subscriber", "streams": []m{{"feed": id(11), "temporal": 3}}}, ""},
		{"viewer", m{"request": "join", "room": id(3), "ptype": "subscriber", "pin": "1111", "streams": []m{{"feed": id(1)}}}, ""},
		{"viewer", m{"request": "join", "room": id(1), "ptype": "subscriber", "streams": []m{
			{"feed": id(11), "mid": "0", "crossrefid": "c", "send": false}, {"feed": id(11), "mid": "1", "substream": 1}}}, ""},
		{"viewer", m{"request": "join", "room": id(1), "ptype": "subscriber", "feed": id(11)}, ""},
		{"viewer", m{"request": "configure", "restart": true}, ""},
		{"viewer", m{"request": "subscribe", "streams": []m{{"feed": id(12), "mid": "0"}}}, ""},
		{"viewer", m{"request": "start"}, "answer"},
		{"viewer", m{"request": "start"}, "answer"},
		{"viewer", m{"request": "pause"}, ""},
		{"viewer", m{"request": "start"}, ""},
		{"viewer", m{"request": "subscribe"}, ""},
		{"viewer", m{"request": "subscribe", "streams": []m{}}, ""},
		{"viewer", m{"request": "subscribe", "streams": []m{{"feed": id(19)}}}, ""},
		{"viewer", m{"request": "subscribe", "streams": []m{{"feed": id(12), "mid": "1"}, {"feed": id(12), "mid": "2"}}}, ""},
		{"viewer", m{"request": "start"}, "answer"},
		{"viewer", m{"request": "subscribe", "streams": []m{{"feed": id(11), "mid": "2"}}}, ""},
		{"viewer", m{"request": "unsubscribe", "streams": []m{}}, ""},
		{"viewer", m{"request": "unsubscribe", "streams": []m{{"feed": id(19)}}}, ""},
		{"viewer", m{"request": "unsubscribe", "streams": []m{{"sub_mid": "2"}}}, ""},
		{"viewer", m{"request": "start"}, "answer"},
		{"viewer", m{"request": "update"}, ""},
		{"viewer", m{"request": "update", "subscribe": []m{{"feed": id(15), "mid": "0"}}, "unsubscribe": []m{{"feed": id(11), "mid": "0"}}}, ""},
		{"viewer", m{"request": "start"}, "answer"},
		{"viewer", m{"request": "switch"}, ""},
		{"viewer", m{"request": "switch", "streams": []m{{"feed": id(15)}}}, ""},
		{"viewer", m{"request": "switch", "streams": []m{{"feed": id(15), "mid": "9", "sub_mid": "1"}}}, ""},
		{"viewer", m{"request": "switch", "streams": []m{{"feed": id(15), "mid": "1", "sub_mid": "0"}}}, ""},
		{"viewer", m{"request": "switch", "streams": []m{{"feed": id(15), "mid": "1", "sub_mid": "1"}}}, ""},
		{"viewer", m{"request": "configure", "streams": []m{{"mid": "1", "send": false}}}, ""},
		{"viewer", m{"request": "configure", "streams": []m{{"mid": "9"}}}, ""},
		{"viewer", m{"request": "configure", "streams": []m{{"send": true}, {"send": false}}}, ""},
		{"viewer", m{"request": "configure", "streams": []m{{"mid": "1", "substream": 3}}}, ""},
		{"viewer", m{"request": "configure", "update": true}, ""},
		{"viewer", m{"request": "start"}, "answer"},
		{"viewer", m{"request": "configure", "restart": true}, ""},
		{"viewer", m{"request": "start"}, "answer"},
		{"guest", of(1, "remove_remote_publisher", m{"id": id(1)}), ""},
		{"guest", of(1, "remove_remote_publisher", m{"id": id(15)}), ""},
		{"viewer", m{"request": "start"}, "answer"},
		{"viewer", m{"request": "leave"}, ""},

		// Forwarding.
		{"solo", join(4, 1, nil), ""},
		{"odd", m{"request": "create", "room": id(7)}, ""},
		{"odd", join(7, 1, nil), ""},
		{"odd", m{"request": "publish", "audiocodec": "pcma"}, "offer"},
		{"solo", m{"request": "publish", "audiocodec": "opus", "descriptions": []m{{"mid": "v", "description": "face"}}}, "offer"},
		{"solo", m{"request": "configure", "streams": []m{{"mid": "a", "send": false}, {"mid": "v", "min_delay": 1}}}, ""},
		{"solo", m{"request": "configure", "descriptions": []m{{"mid": "a", "description": "voice"}}, "keyframe": true}, ""},
		{"late", of(4, "moderate", m{"id": id(1), "mid": "d", "mute": true}), ""},
		{"late", of(4, "moderate", m{"id": id(1), "mid": "2", "mute": true}), ""},
		{"late", forward("rtp_forward", m{"host": nil}), ""},
		{"late", forward("rtp_forward", m{"host_family": "ipv5"}), ""},
		{"late", forward("rtp_forward", m{"host_family": "ipv6"}), ""},
		{"late", forward("rtp_forward", m{"publisher_id": id(9)}), ""},
		{"late", forward("rtp_forward", m{"publisher_id": wrong}), ""},
		{"late", forward("rtp_forward", m{"srtp_suite": 33, "srtp_crypto": "x"}), ""},
		{"late", forward("rtp_forward", m{"streams": []m{{"mid": "a"}}}), ""},
		{"late", forward("rtp_forward", m{"streams": []m{{"mid": "a", "port": 4000, "host_family": "x", "host": "127.0.0.1"}}}), ""},
		{"late", forward("rtp_forward", m{"streams": []m{}}), ""},
		{"late", of(4, "listforwarders", nil), ""},
		{"late", forward("rtp_forward", m{"streams": []m{
			{"mid": "a", "port": 4000, "pt": 111, "ssrc": 7}, {"mid": "v", "port": 4002, "rtcp_port": 4003, "port_2": 4004, "port_3": 4006, "ssrc_3": 9},
			{"mid": "v", "port": 4008, "simulcast": true, "port_2": 4010}, {"mid": "d", "port": 4012}, {"mid": "2", "port": 4013, "pt": 5}, {"mid": "x", "port": 4014}}}), ""},
		{"late", of(4, "listforwarders", nil), ""},
		{"late", forward("rtp_forward", m{"audio_port": 5000, "audio_pt": 8, "video_port": 5002, "video_rtcp_port": 5003, "video_port_2": 5004, "data_port": 5006}), ""},
		{"late", forward("stop_rtp_forward", nil), ""},
		{"late", forward("stop_rtp_forward", m{"stream_id": 1}), ""},
		{"late", forward("stop_rtp_forward", m{"stream_id": 1, "publisher_id": id(9)}), ""},
		{"late", of(9, "listforwarders", nil), ""},

		// Publishing elsewhere.
		{"late", forward("publish_remotely", nil), ""},
		{"late", forward("publish_remotely", m{"remote_id": "r", "port": 0}), ""},
		{"late", forward("publish_remotely", m{"remote_id": "r", "port": 6000, "host_family": "x"}), ""},
		{"late", forward("publish_remotely", m{"remote_id": "r", "port": 6000, "publisher_id": id(9)}), ""},
		{"late", forward("publish_remotely", m{"remote_id": "r", "port": 6000}), ""},
		{"late", forward("publish_remotely", m{"remote_id": "r", "port": 6000}), ""},
		{"late", forward("publish_remotely", m{"remote_id": "s", "port": 6002, "rtcp_port": 6003}), ""},
		{"late", forward("listremotes", nil), ""},
		{"late", forward("listremotes", m{"publisher_id": id(9)}), ""},
		{"late", of(4, "list_remotes", nil), ""},
		{"late", of(4, "listforwarders", nil), ""},
		{"late", forward("unpublish_remotely", nil), ""},
		{"late", forward("unpublish_remotely", m{"remote_id": "t"}), ""},
		{"late", forward("unpublish_remotely", m{"remote_id": "r"}), ""},
		{"late", forward("unpublish_remotely", m{"remote_id": "s", "publisher_id": id(9)}), ""},
		{"late", forward("listremotes", nil), ""},

		// The end.
		{"late", join(5, 1, nil), ""},
		{"late", m{"request": "publish"}, "offer"},
		{"solo", m{"request": "leave"}, ""},
		{"solo", m{"request": "configure"}, ""},
		{"guest", m{"request": "leave"}, ""},
		{"host", of(1, "kick", nil), ""},
		{"host", of(1, "kick", m{"id": id(19)}), ""},
		{"host", of(1, "kick", m{"id": id(1)}), ""},
		{"host", m{"request": "configure"}, ""},
		{"host", join(1, 1, nil), ""},
		{"host", of(5, "destroy", nil), ""},
		{"late", m{"request": "configure"}, ""},
		{"host", m{"request": "destroy", "room": id(2), "secret": "x"}, ""},
		{"host", m{"request": "destroy", "room": id(9)}, ""},
		{"host", of(2, "destroy", nil), ""},
		{"host", m{"request": "exists", "room": id(2)}, ""},
	}
}
