package scripted

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// The opcodes of websocket frames.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

const (
	final   = 0x80 // in the first byte: the last frame of a message
	masked  = 0x80 // in the second byte: a mask follows the length
	maxSize = 1 << 20
)

// errFrame is a frame that no client of this server sends.
var errFrame = errors.New("a websocket frame that is fragmented, unmasked or too large")

// readFrame reads a frame of a client into buf, which it may grow.
func readFrame(r *bufio.Reader, buf []byte) (op byte, payload []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	op, size := head[0]&0xF, uint64(head[1]&0x7F)
	if head[0]&final == 0 || head[1]&masked == 0 {
		return 0, nil, errFrame
	}
	switch size {
	case 126:
		_, err = io.ReadFull(r, head[:2])
		size = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		_, err = io.ReadFull(r, head[:8])
		size = binary.BigEndian.Uint64(head[:8])
	}
	if err != nil {
		return 0, nil, err
	}
	if size > maxSize {
		return 0, nil, errFrame
	}
	var mask [4]byte
	if _, err := io.ReadFull(r, mask[:]); err != nil {
		return 0, nil, err
	}
	if uint64(cap(buf)) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	if _, err := io.ReadFull(r, buf); err != nil {
		return 0, nil, err
	}
	for i := range buf {
		buf[i] ^= mask[i%4]
	}
	return op, buf, nil
}

// appendFrame appends a frame with this payload to b.
func appendFrame(b []byte, op byte, payload []byte) []byte {
	b = append(b, final|op)
	switch size := len(payload); {
	case size < 126:
		b = append(b, byte(size))
	case size < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(size))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(size))
	}
	return append(b, payload...)
}
