/** Whether this is a page or one of its workers. */
export const isInBrowser = 'document' in globalThis || 'importScripts' in globalThis
