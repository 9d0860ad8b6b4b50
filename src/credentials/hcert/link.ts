import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import type { Opened } from '../credential-format.ts'
import { notFollowed } from '../health-link/health-link.ts'
import { type ReadLink, readLink as readHealthLink } from '../health-link/read-link.ts'
import type { Subclaim } from './subclaim.ts'

const LINK = /^(?:vhlink|shlink):\//
/** Most links of one certificate. */
const MOST_LINKS = 5

/**
 * Subclaim 5: a verifiable health link, as text `vhlink:/…` or `shlink:/…` (current model) or as a list of {u: `shlink:/…`} (older).
 * Only what it says is read here; what it points to is judged by whoever follows it.
 */
export const link: Subclaim = {
  key: 5,
  format: 'hcert-link',
  formFault: (value) =>
    typeof value === 'string' || Array.isArray(value) ? undefined : 'link (5) is neither text nor list',
  read: readLinks,
  kinds: { 'hcert-link': { domains: ['IPS-PILGRIMAGE', 'PH4H', 'IPS'] } },
}

function readLinks(value: Json): Opened | string {
  const all = Array.isArray(value) ? value.map((each) => (isJsonObject(each) ? each.u : each)) : [value]
  const texts = all.filter((each) => typeof each === 'string' && LINK.test(each)).map(String)
  if (all.length === 0 || texts.length < all.length) return 'subclaim 5 holds no vhlink:/ or shlink:/ text'
  if (texts.length > MOST_LINKS) return `subclaim 5 holds more than ${MOST_LINKS} links`
  const found: ReadLink[] = []
  for (const text of texts) {
    const read = readHealthLink(text, true)
    if ('of' in read) return `the link in subclaim 5 cannot be read: ${read.detail}`
    found.push(read)
  }
  const hasMore = Array.isArray(value) && value.some((each) => isJsonObject(each) && Object.keys(each).length > 1)
  return {
    content: value,
    formats: ['hcert-link'],
    events: [],
    remarks: [
      ...found.flatMap(({ remarks }) => remarks),
      ...(hasMore ? ['members beside a link that are not known to this server'] : []),
    ],
    obstacles: found.map((each) => ({ text: notFollowed(each.link), blocks: true })),
    certificateIds: [],
    links: found.map((each) => each.link),
  }
}
