/** Reflected generator polynomial of CRC-32/ISO-HDLC (IEEE 802.3, zlib). */
const CRC32_POLYNOMIAL = 0xedb88320;

const crc32Table = Uint32Array.from({ length: 256 }, (_, index) => {
  let remainder = index;
  for (let bit = 0; bit < 8; bit++) {
    remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ CRC32_POLYNOMIAL : remainder >>> 1;
  }
  return remainder;
});

/**
 * CRC-32/ISO-HDLC as an unsigned 32-bit number.
 *
 * @see The check value of this CRC, over the ASCII digits "123456789", is CBF43926.
 */
export function crc32(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder = (remainder >>> 8) ^ (crc32Table[(remainder ^ byte) & 0xff] ?? 0);
  }
  return (remainder ^ 0xffffffff) >>> 0;
}
