/** A tag's worth: a shorter blob could never be read, since the answer bears its tag. */
export const BLOB_BYTES_MIN = 16

/** The largest blob: room for what the streaming cipher makes, and an end for a client that never ends. */
export const BLOB_BYTES_MAX = 2 ** 40

/** The largest blob of Soledad's format, which deliveries have. */
export const DELIVERY_BYTES_MAX = 2 ** 30 + 753

/** The longest list of blobs at the head of a stream. */
export const STREAM_LIST_BYTES_MAX = 1024 * 1024

/** The longest list of flags. */
export const FLAG_LIST_BYTES_MAX = 64 * 1024
