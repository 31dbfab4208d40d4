/** A tag's worth: a shorter blob could never be read, since the answer bears its tag. */
export const BLOB_BYTES_MIN = 16

/** The largest blob that is taken if nothing else is said; quotas are what keeps disks from being full. */
export const BLOB_BYTES_MAX = 2 ** 40

/** The largest blob of Soledad's format, which is what services deliver in. */
export const INCOMING_BYTES_MAX = 2 ** 30 + 753

/** In a stream a blob's size has 8 hexadecimal digits. */
export const STREAMED_BYTES_MAX = 0xff_ff_ff_ff

/** The longest list of blobs at the head of a stream. */
export const STREAM_LIST_BYTES_MAX = 1024 * 1024

/** The longest list of flags. */
export const FLAG_LIST_BYTES_MAX = 64 * 1024

/** The most changes of one answer. */
export const CHANGES_LIMIT_MAX = 10_000

/** The most namespaces that one request asks for changes. */
export const FEEDS_MAX = 32
