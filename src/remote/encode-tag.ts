const TAG_BYTES = 16

/** The tag of encrypted bytes as remotes tell it: their last 16 bytes as padded base64url; null if there are fewer. */
export const encodeTag = (encrypted: Uint8Array): string | null =>
  encrypted.length < TAG_BYTES
    ? null
    : btoa(String.fromCharCode(...encrypted.subarray(-TAG_BYTES)))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
