import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import type { Opened } from '../credential-format.ts'
import type { Subclaim } from './subclaim.ts'

const LINK = /^(?:vhlink|shlink):\//

/**
 * Subclaim 5: a verifiable health link, as text `vhlink:/…` (current model) or as a list of {u: `shlink:/…`} (older). Only its form
 * is read here; following it is another matter, so what it points to is not judged.
 */
export const link: Subclaim = {
  key: 5,
  format: 'hcert-link',
  formFault: (value) =>
    typeof value === 'string' || Array.isArray(value) ? undefined : 'link (5) is neither text nor list',
  read: readLink,
  kinds: { 'hcert-link': { domains: ['IPS-PILGRIMAGE', 'PH4H', 'IPS'] } },
}

function readLink(value: Json): Opened | string {
  const links = Array.isArray(value) ? value.map((each) => (isJsonObject(each) ? each.u : each)) : [value]
  const good = links.length > 0 && links.every((each) => typeof each === 'string' && LINK.test(each))
  if (!good) return 'subclaim 5 holds no vhlink:/ or shlink:/ text'
  const text = 'The certificate holds a link to content that this server does not follow'
  return {
    content: value,
    formats: ['hcert-link'],
    events: [],
    remarks: [],
    obstacles: [{ text, blocks: true }],
    certificateIds: [],
  }
}
