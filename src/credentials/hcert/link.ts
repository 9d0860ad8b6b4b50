import type { CborValue } from '../encoding/cbor.ts'
import type { PayloadContent } from './claim-set.ts'

const LINK = /^(?:vhlink|shlink):\//

/**
 * Subclaim 5: a verifiable health link, as text `vhlink:/…` (current model) or as a list of {u: `shlink:/…`} (older)
 * (credentials.md, 4.2 and 9). Only its form is read here; following it is another matter.
 */
export function readLink(value: CborValue): PayloadContent | string {
  const links = Array.isArray(value) ? value.map((each) => (each instanceof Map ? each.get('u') : each)) : [value]
  const good = links.length > 0 && links.every((link) => typeof link === 'string' && LINK.test(link))
  return good ? { format: 'hcert-link', events: [], remarks: [] } : 'subclaim 5 holds no vhlink:/ or shlink:/ text'
}
