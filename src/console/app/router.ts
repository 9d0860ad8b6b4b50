/** Where somebody is in the console: path and query of the address. Nothing of a person ever stands in it. */
import { computed, signal } from '@preact/signals'
import { codeRefusedAt, withoutCodes } from './refused-code.ts'

/** A place in the console. */
export interface Place {
  /** Without a slash at the end, `/` aside: `/catalogue/ValueSet/x`. */
  path: string
  query: URLSearchParams
}

/** Where the address says. The code of a certificate in it is taken away before anything reads it. */
function here(): Place {
  const kept = withoutCodes(`${location.pathname}${location.search}${location.hash}`)
  if (kept !== undefined) {
    history.replaceState(null, '', kept)
    codeRefusedAt.value = 'page'
  }
  return {
    path: location.pathname.replace(/(?<=.)\/+$/, ''),
    query: new URLSearchParams(location.search),
  }
}

/** The place that is shown. */
export const place = signal<Place>(here())

/** The parts of its path, decoded; a part that cannot be decoded stands as it is. */
export const segments = computed(() => place.value.path.split('/').filter(Boolean).map(decoded))

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/**
 * Goes to an address of the console. `replace` leaves no entry in the history: for what somebody types into a filter.
 * @param address path with query, of this origin
 */
export function go(address: string, { replace = false }: { replace?: boolean } = {}): void {
  const from = place.value.path
  const kept = withoutCodes(address)
  if (replace) history.replaceState(null, '', kept ?? address)
  else history.pushState(null, '', kept ?? address)
  place.value = here()
  if (place.value.path !== from) {
    scrollTo(0, 0)
    codeRefusedAt.value = undefined
  }
  if (kept !== undefined) codeRefusedAt.value = 'page'
}

/** Changes members of the query and stays; undefined or an empty text takes one away. */
export function changeQuery(changes: Record<string, string | undefined>, options: { replace?: boolean } = {}): void {
  const query = new URLSearchParams(place.value.query)
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value)
    else query.delete(name)
  }
  const text = query.toString()
  go(text ? `${location.pathname}?${text}` : location.pathname, options)
}

/** First parts of addresses that are views; everything else of this origin is the server's. */
export const views = ['verify', 'catalogue', 'workbench', 'trust', 'status', 'manual'] as const

/** Whether Verify is shown: it is what everything that is no other view shows. */
export const isVerify = computed(() => {
  const [first] = segments.value
  return first === 'verify' || !views.some((each) => each === first)
})

/** Whether an address is one of the console's. */
function isOfConsole(path: string): boolean {
  const [first] = path.split('/').filter(Boolean)
  return first === undefined || views.some((each) => each === first)
}

/** Links of the page change the view and load nothing; those with another target, a modifier key or `download` are the browser's. */
export function followLinks(): void {
  addEventListener('popstate', () => {
    place.value = here()
  })
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = event.target instanceof Element ? event.target.closest('a') : undefined
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return
    // Two slashes at the beginning are another host to a browser that is told to go there.
    if (!isOfConsole(link.pathname) || link.pathname.startsWith('//')) return
    if (link.pathname === location.pathname && link.search === location.search && link.hash) return
    event.preventDefault()
    go(`${link.pathname}${link.search}${link.hash}`)
  })
}
