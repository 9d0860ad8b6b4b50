import { isJsonObject } from '../../base/json-object.ts'
import type { Json } from '../../base/json-value.ts'
import type { SubclaimContent } from './subclaim-content.ts'

const LINK = /^(?:vhlink|shlink):\//

/**
 * Subclaim 5: a verifiable health link, as text `vhlink:/…` (current model) or as a list of {u: `shlink:/…`} (older)
 * (credentials.md, 4.2 and 9). Only its form is read here; following it is another matter, so what it points to is not judged.
 */
export function readLink(value: Json): SubclaimContent | string {
  const links = Array.isArray(value) ? value.map((each) => (isJsonObject(each) ? each.u : each)) : [value]
  const good = links.length > 0 && links.every((link) => typeof link === 'string' && LINK.test(link))
  if (!good) return 'subclaim 5 holds no vhlink:/ or shlink:/ text'
  const text = 'The certificate holds a link to content that this server does not follow'
  return {
    format: 'hcert-link',
    events: [],
    remarks: [],
    value: {},
    certificateIds: [],
    obstacles: [{ text, blocks: true }],
  }
}
