/** Names of LOINC: value sets that exist without being stored (https://terminology.hl7.org/LOINC.html), and versions. */
import type { ValueSet } from '../../../fhir/types.ts'

/** The code system. */
export const LOINC = 'http://loinc.org'

const ALL = `${LOINC}/vs`

type Include = NonNullable<ValueSet['compose']>['include'][number]

/** Whether a url is that of a set that LOINC implies: all of it, an answer list, what is below a part, a group. */
export const isLoincSet = (url: string): boolean =>
  url.startsWith(ALL) && (url === ALL || /^\/(?:LL|LP|LG)\d{1,9}-\d$/.test(url.slice(ALL.length)))

/**
 * The set of a url that {@link isLoincSet}; its version is the one of LOINC.
 * @param asked version that is named behind a bar
 * @param newest version of LOINC that there is
 */
export function loincSet(url: string, asked: string | undefined, newest: string | undefined): ValueSet {
  const version = asked === undefined ? newest : plainVersion(asked)
  const filter = filterOf(url.slice(ALL.length + 1))
  const include: Include = {
    system: LOINC,
    ...(asked !== undefined && { version }),
    ...(filter && { filter: [filter] }),
  }
  return {
    resourceType: 'ValueSet',
    url,
    ...(version !== undefined && { version }),
    status: 'active',
    compose: { include: [include] },
  }
}

function filterOf(code: string): NonNullable<Include['filter']>[number] | undefined {
  if (code === '') return undefined
  const property = code.startsWith('LL') ? 'LIST' : code.startsWith('LP') ? 'ancestor' : 'group'
  return { property, op: '=', value: code }
}

/** A version as LOINC itself writes it: `LOINC_2.82`, as some write it, is `2.82`. */
export const plainVersion = (version: string): string => version.replace(/^LOINC_(?=[\dxX*])/i, '')
