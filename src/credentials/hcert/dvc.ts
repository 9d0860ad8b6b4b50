import type { Format } from '../credential-format.ts'
import type { CborMap, CborValue } from '../encoding/cbor.ts'
import type { PayloadContent } from './claim-set.ts'

const ICVP_DOMAIN = 'ICVP'

/**
 * Subclaim -6: the minimal vaccination certificate {n, dob, s, ntl, nid, ndt, gn, v}. `v` is one map (digital vaccination
 * certificate, draft 0.1.0) or a list (model of the international certificate of vaccination or prophylaxis, ICVP), which is
 * an ICVP where `vp` or the signer's domain says so.
 */
export function readDvc(value: CborValue): PayloadContent | string {
  if (!(value instanceof Map)) return 'vaccination certificate (-6) is not a map'
  const v = value.get('v')
  const doses = Array.isArray(v) ? v : [v]
  if (doses.length === 0 || !doses.every((dose) => dose instanceof Map)) return 'v is neither a map nor a list of maps'
  const isList = Array.isArray(v)
  const saysIcvp = isList && doses.some(namesIcvpProduct)
  const content: PayloadContent = {
    format: saysIcvp ? 'hcert-icvp' : 'hcert-dvc',
    events: ['v'],
    remarks: dvcRemarks(value, doses),
  }
  if (isList) {
    content.formatUnder = (domain): Format => (saysIcvp || domain === ICVP_DOMAIN ? 'hcert-icvp' : 'hcert-dvc')
  }
  return content
}

/** Products of the ICVP are named by WHO's prequalification product ids, e.g. `YellowFeverProductd2c75a15…`. */
function namesIcvpProduct(dose: CborMap): boolean {
  const product = dose.get('vp')
  return typeof product === 'string' && /ICVP|Product[0-9a-f]{16,}$/i.test(product)
}

function dvcRemarks(value: CborMap, doses: CborMap[]): string[] {
  const remarks: string[] = []
  if (typeof value.get('n') !== 'string') remarks.push('n (name) is not a text')
  for (const member of ['dt', 'vp']) {
    if (doses.some((dose) => typeof dose.get(member) !== 'string')) remarks.push(`v.${member} is not a text`)
  }
  return remarks
}
