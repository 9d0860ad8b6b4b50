/** Identifiers of the method did:web (https://w3c-ccg.github.io/did-method-web/). */

/** The did:web identifier of an address: host with `%3A` before a port, then the parts of its path. */
export function didWebOf(address: string): string {
  const { host, pathname } = new URL(address)
  const parts = pathname.split('/').filter((each) => each !== '')
  // In the path of a URL a colon may stand as it is; in the identifier it is what separates.
  const encoded = [host, ...parts].map((part) => part.replaceAll(':', '%3A'))
  return `did:web:${encoded.join(':')}`
}

/** Path of the document of {@link didWebOf}. */
export function didDocumentPath(address: string): string {
  const path = pathOf(address)
  return path === '' ? '/.well-known/did.json' : `${path}/did.json`
}

/** Path of an address, without the slash at its end. */
export const pathOf = (address: string): string => new URL(address).pathname.replace(/\/+$/, '')
