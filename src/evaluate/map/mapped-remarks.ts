import { issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import { describeRemark, type ValueRemark } from '../../structure-map/maps.ts'

/** That a map left a value out, for `payload`: where, what it was not, which rule; never the value. */
export function leftOutText({ element, type, place }: ValueRemark): string {
  const rule = place?.rule === undefined ? '' : ` (StructureMap ${place.map}, rule '${place.rule}')`
  return `${placeText(element)} ${type ? `is not a FHIR ${type}` : 'is not what the map expects'} and was left out${rule}`
}

/** What a map did with a value that does not change what the certificate says, or could not translate. */
export function remarkIssue(remark: ValueRemark): Issue {
  const code = remark.kind === 'not-translated' ? 'not-found' : 'value'
  return issue(code, { severity: 'warning', text: describeRemark(remark), expression: remark.element })
}

/** `DDCCCoreDataSetVS.birthDate` is `birthDate of the core data set`. */
function placeText(element: string): string {
  const [model = '', ...path] = element.split('.')
  return /CoreDataSet/.test(model) && path.length > 0 ? `${path.join('.')} of the core data set` : element
}
