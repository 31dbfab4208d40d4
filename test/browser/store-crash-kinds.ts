/** Which store a crash meets: `opfs-page` writes its files on the page. */
export const KINDS = ['idb', 'opfs', 'opfs-page'] as const
export type Kind = (typeof KINDS)[number]
