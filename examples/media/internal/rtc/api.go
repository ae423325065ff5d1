package rtc

import (
	"fmt"
	"net"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// opus is the only codec that is offered.
var opus = webrtc.RTPCodecParameters{
	RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2},
	PayloadType:        111,
}

// newAPI sets up Pion for audio.
func newAPI(loopback bool) (*webrtc.API, error) {
	var media webrtc.MediaEngine
	if err := media.RegisterCodec(opus, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, fmt.Errorf("set up Opus: %w", err)
	}
	var interceptors interceptor.Registry
	if err := webrtc.RegisterDefaultInterceptors(&media, &interceptors); err != nil {
		return nil, fmt.Errorf("set up RTCP: %w", err)
	}
	var settings webrtc.SettingEngine
	// Resolving or announcing names is of no use with a server.
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	if loopback {
		settings.SetIncludeLoopbackCandidate(true)
		settings.SetIPFilter(net.IP.IsLoopback)
		settings.SetRemoteIPFilter(net.IP.IsLoopback)
	}
	return webrtc.NewAPI(
		webrtc.WithMediaEngine(&media),
		webrtc.WithInterceptorRegistry(&interceptors),
		webrtc.WithSettingEngine(settings),
	), nil
}
