package socket

import (
	"crypto/rand"
	"encoding/binary"
	"math"
)

// The parts of a websocket frame's header (RFC 6455, section 5.2).
const (
	finBit      = 0x80
	maskBit     = 0x80
	opcodeBits  = 0x0f
	lengthBits  = 0x7f
	length16    = 126 // the length is in the next 2 bytes
	length64    = 127 // the length is in the next 8 bytes
	controlBit  = 0x08
	opText      = 0x01
	opClose     = 0x08
	wholeText   = finBit | opText // the first byte of a text message in one frame
	smallHeader = 2
	maxHeader   = 14
	maskSize    = 4
)

// parseHeader returns the size of the header that b begins with, and of the payload
// behind it. The first is 0 if the header is not complete.
func parseHeader(b []byte) (header int, payload int64) {
	if len(b) < smallHeader {
		return 0, 0
	}
	header = smallHeader
	length := b[1] & lengthBits
	switch length {
	case length16:
		header += 2
	case length64:
		header += 8
	}
	if len(b) < header {
		return 0, 0
	}
	switch length {
	case length16:
		payload = int64(binary.BigEndian.Uint16(b[smallHeader:]))
	case length64:
		// The library refuses lengths beyond an int64.
		payload = int64(min(binary.BigEndian.Uint64(b[smallHeader:]), math.MaxInt64))
	default:
		payload = int64(length)
	}
	if b[1]&maskBit != 0 {
		header += maskSize
	}
	return header, payload
}

// appendText appends a text message to b, in one frame, as a client sends it:
// masked with a key that nobody can foresee (RFC 6455, section 5.3).
func appendText(b, message []byte) []byte {
	switch n := len(message); {
	case n < length16:
		b = append(b, wholeText, maskBit|byte(n))
	case n <= math.MaxUint16:
		b = append(b, wholeText, maskBit|length16)
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	default:
		b = append(b, wholeText, maskBit|length64)
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	var key [maskSize]byte
	_, _ = rand.Read(key[:]) // never fails
	b = append(b, key[:]...)
	start := len(b)
	b = append(b, message...)
	mask(b[start:], key)
	return b
}

// mask masks p with a key.
func mask(p []byte, key [maskSize]byte) {
	word := uint64(binary.LittleEndian.Uint32(key[:]))
	word |= word << 32
	for ; len(p) >= 8; p = p[8:] {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^word)
	}
	for i := range p {
		p[i] ^= key[i%maskSize]
	}
}
