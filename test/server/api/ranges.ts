import { SEED_B, SEED_C, tagOf, type Row } from './row'

const range = (name: string, value: string, row: Omit<Row, 'name' | 'request'>, request = 'GET /blobs/ann/c'): Row => ({
  name,
  request,
  headers: [`Range: ${value}`],
  ...row,
})

const exclusive = (from: number, to: number, blob = SEED_C) => ({
  status: 206,
  bytes: blob.slice(from, to),
  has: {
    'content-range': `bytes ${from}-${to}/${blob.length}`,
    'content-length': String(to - from),
    'blob-range': 'exclusive',
    tag: tagOf(blob),
  },
})

const inclusive = (from: number, to: number, blob = SEED_C) => ({
  status: 206,
  bytes: blob.slice(from, to + 1),
  has: {
    'content-range': `bytes ${from}-${to}/${blob.length}`,
    'content-length': String(to + 1 - from),
    'blob-range': null,
    tag: tagOf(blob),
  },
})

const outOf = (blob = SEED_C) => ({
  status: 416,
  text: '',
  has: { 'content-range': `bytes */${blob.length}`, tag: null, 'blob-range': null },
})

/** Section 6: parts of a blob. */
export const ranges: readonly Row[] = [
  range('the end of a range is left out', 'bytes=10-20', exclusive(10, 20)),
  range('a range from the start', 'bytes=0-1', exclusive(0, 1)),
  range('a range up to the end', 'bytes=99-100', exclusive(99, 100)),
  range('a range of all of it', 'bytes=0-100', exclusive(0, 100)),
  range('a range of a large blob', 'bytes=1000-199000', exclusive(1000, 199_000, SEED_B), 'GET /blobs/ann/b'),
  range('a short range far into a large blob', 'bytes=180000-180016', exclusive(180_000, 180_016, SEED_B), 'GET /blobs/ann/b'),
  range('a range that is empty', 'bytes=0-0', exclusive(0, 0)),
  range('a range that is empty, within', 'bytes=50-50', exclusive(50, 50)),
  range('a range that is empty, at the end', 'bytes=100-100', exclusive(100, 100)),
  range('an empty range of a large blob', 'bytes=7-7', exclusive(7, 7, SEED_B), 'GET /blobs/ann/b'),
  range('spaces in a range are tolerated', ' bytes = 10 - 20 ', exclusive(10, 20)),
  range('an end past the end is refused', 'bytes=0-101', outOf()),
  range('an end far past the end is refused', 'bytes=0-99999999999999999999999', outOf()),
  range('a start past the end is refused', 'bytes=101-102', outOf()),
  range('an end before the start is refused', 'bytes=20-10', outOf()),
  range('and again: nobody has locked the blob', 'bytes=10-20', exclusive(10, 20)),
  range('an end past the end of a large blob is refused', 'bytes=0-200001', outOf(SEED_B), 'GET /blobs/ann/b'),
  range('an end before the start of a large blob is refused', 'bytes=2-1', outOf(SEED_B), 'GET /blobs/ann/b'),
  range('and again: the large blob is not locked', 'bytes=2-3', exclusive(2, 3, SEED_B), 'GET /blobs/ann/b'),
  range('a range without an end goes to the end', 'bytes=90-', inclusive(90, 99)),
  range('also from the start', 'bytes=0-', inclusive(0, 99)),
  range('also in a large blob', 'bytes=199990-', inclusive(199_990, 199_999, SEED_B), 'GET /blobs/ann/b'),
  range('a start at the end has nothing to the end', 'bytes=100-', outOf()),
  range('the last bytes', 'bytes=-16', inclusive(84, 99)),
  range('the last bytes of a large blob', 'bytes=-16', inclusive(199_984, 199_999, SEED_B), 'GET /blobs/ann/b'),
  range('more than there are last bytes', 'bytes=-1000', inclusive(0, 99)),
  range('the last 0 bytes are refused', 'bytes=-0', outOf()),
  range('a hyphen alone is refused', 'bytes=-', outOf()),
  range('two ranges are refused', 'bytes=0-1,5-6', outOf()),
  range('a range and a comma are refused', 'bytes=0-1,', outOf()),
  range('two Range headers are two ranges', 'bytes=0-1\r\nRange: bytes=5-6', outOf()),
  range('another unit is refused', 'items=0-1', outOf()),
  range('no unit is refused', '0-1', outOf()),
  range('no number is refused', 'bytes=a-b', outOf()),
  range('a sign is refused', 'bytes=+1-+5', outOf()),
  range('hexadecimals are refused', 'bytes=0x1-0x5', outOf()),
  range('a fraction is refused', 'bytes=0.5-1', outOf()),
  range('three numbers are refused', 'bytes=1-2-3', outOf()),
  range('the unit alone is refused', 'bytes', outOf()),
  range('a blank range is none', '', { status: 200, bytes: SEED_C, has: { 'content-range': null, tag: tagOf(SEED_C) } }),
  range('a range of spaces is none', '   ', { status: 200, bytes: SEED_C, has: { 'content-range': null } }),
  range(
    'a range of a missing blob: it is missing',
    'bytes=0-1',
    { status: 404, text: "Blob doesn't exist: none" },
    'GET /blobs/ann/none',
  ),
  range('a range of a list is nothing', 'bytes=0-1', { status: 200, json: ['a', 'b', 'c'] }, 'GET /blobs/ann/'),
  range('a range of flags is nothing', 'bytes=0-1', { status: 200, json: [] }, 'GET /blobs/ann/c?only_flags=1'),
]
