package audiobridge_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"strconv"
	"testing"

	"github.com/cameronelliott/janus-go/plugin/audiobridge"
)

// silence is a packet of Opus: 20 ms of silence.
var silence = []byte{0xf8, 0xff, 0xfe}

// opusFile returns an Ogg file with the given number of packets of silence.
func opusFile(packets int) []byte {
	head := append([]byte("OpusHead"), 1, 1, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0) // version 1, mono, 48,000 Hz
	tags := append([]byte("OpusTags"), 4, 0, 0, 0, 't', 'e', 's', 't', 0, 0, 0, 0)
	file := oggPage(2, 0, 0, head)
	file = append(file, oggPage(0, 1, 0, tags)...)
	for n := range packets {
		file = append(file, oggPage(0, n+2, 960*(n+1), silence)...)
	}
	return file
}

// oggPage returns an Ogg page with one packet.
func oggPage(flags byte, sequence, granule int, packet []byte) []byte {
	page := append([]byte("OggS"), 0, flags)
	page = binary.LittleEndian.AppendUint64(page, uint64(granule))
	page = binary.LittleEndian.AppendUint32(page, 1) // serial number
	page = binary.LittleEndian.AppendUint32(page, uint32(sequence))
	page = append(page, 0, 0, 0, 0, 1, byte(len(packet)))
	page = append(page, packet...)
	binary.LittleEndian.PutUint32(page[22:], oggCRC(page))
	return page
}

// oggCRC is CRC-32 with the most significant bit first.
func oggCRC(page []byte) uint32 {
	var crc uint32
	for _, b := range page {
		crc ^= uint32(b) << 24
		for range 8 {
			high := crc >> 31
			crc <<= 1
			if high != 0 {
				crc ^= 0x04c11db7
			}
		}
	}
	return crc
}

func TestOpusFile(t *testing.T) {
	file := opusFile(3)
	if n := bytes.Count(file, []byte("OggS")); n != 5 {
		t.Errorf("the file has %d pages, want 5", n)
	}
	// The check value of this CRC without reflection and inversion.
	if crc := oggCRC([]byte("123456789")); crc != 0x89a1897f {
		t.Errorf("the CRC is %#x", crc)
	}
}

// microphone sends RTP to Janus.
type microphone struct {
	conn     *net.UDPConn
	to       *net.UDPAddr
	sequence uint16
}

// newMicrophone returns a microphone with a port of its own.
func newMicrophone(t *testing.T) *microphone {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return &microphone{conn: conn}
}

// port is the port that the microphone sends from.
func (m *microphone) port() int { return m.conn.LocalAddr().(*net.UDPAddr).Port }

// connect makes the microphone send to a participant.
func (m *microphone) connect(t *testing.T, rtp *audiobridge.LocalRTP) {
	t.Helper()
	to, err := net.ResolveUDPAddr("udp4", net.JoinHostPort(rtp.IP, strconv.Itoa(rtp.Port)))
	if err != nil {
		t.Fatal(err)
	}
	m.to = to
}

// send sends 20 ms of silence.
func (m *microphone) send(t *testing.T) {
	m.sequence++
	packet := []byte{0x80, 100} // version 2, payload type 100
	packet = binary.BigEndian.AppendUint16(packet, m.sequence)
	packet = binary.BigEndian.AppendUint32(packet, uint32(m.sequence)*960)
	packet = append(packet, 0, 0, 0, 7) // SSRC
	if _, err := m.conn.WriteToUDP(append(packet, silence...), m.to); err != nil {
		t.Error(err)
	}
}
