/** Addresses of did:web documents (W3C CCG did:web method, 3.2). */

const HOST = /^(?=.{1,253}(?::|$))[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[1-9]\d{0,4})?$/
/** What a part of a path may hold once it is decoded: nothing that leads elsewhere. */
const PART = /^[^\s\p{Cc}/\\?#%:]+$/u

/** The https address of the document of a did:web; undefined for what is none, or would lead out of its own path. */
export function urlOfDid(did: string): string | undefined {
  const parts = partsOfDid(did)
  if (!parts) return undefined
  const [host = '', ...path] = parts
  if (!HOST.test(host) || !path.every(isPart)) return undefined
  const place = path.length === 0 ? '.well-known' : path.map(encodeURIComponent).join('/')
  return `https://${host.toLowerCase()}/${place}/did.json`
}

/** The did:web of a document's https address; undefined when there is none. */
export function didOfUrl(address: string): string | undefined {
  const url = URL.parse(address)
  if (url?.protocol !== 'https:' || url.search !== '' || url.hash !== '' || url.username !== '') return undefined
  const path = url.pathname.split('/').slice(1)
  if (path.pop() !== 'did.json') return undefined
  const isWhole = path.length === 1 && path[0] === '.well-known'
  if (path.length === 0) return undefined
  const parts = isWhole ? [] : path
  const host = url.host.replace(':', '%3A')
  const did = ['did:web', host, ...parts.map((part) => part.replaceAll(':', '%3A'))].join(':')
  return urlOfDid(did) === undefined ? undefined : did
}

/** The parts of a did:web, decoded; undefined for another DID or one that cannot be decoded. */
function partsOfDid(did: string): string[] | undefined {
  if (!did.startsWith('did:web:') || /[#?]/.test(did)) return undefined
  try {
    return did.slice('did:web:'.length).split(':').map(decodeURIComponent)
  } catch {
    return undefined
  }
}

const isPart = (part: string): boolean => PART.test(part) && part !== '.' && part !== '..'

/** The path of a DID below another one, as parts of a URL; undefined when it is neither that one nor below it. */
export function pathBelow(did: string, root: string): string[] | undefined {
  if (did === root) return []
  if (!did.startsWith(`${root}:`)) return undefined
  try {
    const parts = did
      .slice(root.length + 1)
      .split(':')
      .map(decodeURIComponent)
    return parts.every(isPart) ? parts : undefined
  } catch {
    return undefined
  }
}
