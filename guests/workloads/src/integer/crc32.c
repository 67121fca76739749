// CRC-32 (the one of Ethernet and zip), by a table: a load that waits for the load before, n times 16 KiB.
#include "../workload.h"

static uint32_t table[256];
static uint8_t data[16384];

uint64_t run(uint32_t n) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        table[byte] = crc;
    }
    random_text(data, sizeof data, 13);
    uint32_t crc = 0xffffffff;
    for (uint32_t turn = 0; turn < n; turn++) {
        for (uint32_t at = 0; at < sizeof data; at++) crc = table[(crc ^ data[at]) & 0xff] ^ crc >> 8;
    }
    return crc ^ 0xffffffff;
}
