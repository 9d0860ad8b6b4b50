import { isJsonObject, objectsIn } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { asJson } from '../fhir/json.ts'
import type { Bundle, BundleEntry } from '../fhir/types.ts'
import { codesOfDisease, codesOfVaccines } from './map/vaccine-diseases.ts'

const VACCINATION = 'vaccination'

/**
 * Vaccinations that have rules of their own instead of those for vaccinations at large (International Health Regulations, annex 7 and
 * temporary recommendations), by the disease that they are against.
 */
const diseaseKinds = new Map([
  ...codesOfDisease('yellow fever').map((code) => [code, 'yellow-fever'] as const),
  ...codesOfDisease('poliomyelitis').map((code) => [code, 'poliomyelitis'] as const),
])

/** Vaccines against yellow fever in ICD-11, CVX, and WHO's types of vaccine; where no disease is named, they name it. */
const vaccineSystem = /icd11|icd\/release\/11|sid\/cvx|PreQualVaccineType/
const yellowFeverVaccines = new Set(codesOfVaccines('yellow fever', (system) => vaccineSystem.test(system)))

const productSystem = /PreQualProductIds$/

/**
 * Kinds of certificate (CodeSystem certificate-kind) with `vaccination` told apart by the disease that the vaccinations of the content
 * are against. A product of the international certificate that nobody knows may be against any disease of it.
 */
export function certificateKinds(kinds: readonly string[], content: Bundle | undefined): string[] {
  const vaccinations = (content?.entry ?? []).flatMap(({ resource }) =>
    resource?.resourceType === 'Immunization' ? [asJson(resource)] : [],
  )
  if (!kinds.includes(VACCINATION) || vaccinations.length === 0) return [...kinds]
  return [...new Set([...kinds.filter((each) => each !== VACCINATION), ...vaccinations.flatMap(kindsOf)])]
}

/** Kinds of which a vaccination may be. */
const vaccinationKinds = new Set([VACCINATION, ...diseaseKinds.values()])

/**
 * The content as a rule set about these kinds is to see it: without the vaccinations that are of other kinds. A dose against yellow
 * fever, which is a whole series, would else complete that of any other disease.
 */
export function contentAbout(kinds: readonly string[], content: Bundle): Bundle {
  const own = kinds.filter((each) => vaccinationKinds.has(each))
  if (own.length === 0) return content
  const isOther = ({ resource }: BundleEntry) =>
    resource?.resourceType === 'Immunization' && !kindsOf(asJson(resource)).some((each) => own.includes(each))
  const { entry = [] } = content
  return entry.some(isOther) ? { ...content, entry: entry.filter((each) => !isOther(each)) } : content
}

/** The core data sets as a rule set about these kinds is to see them: without the vaccinations that {@link contentAbout} leaves out. */
export function coreDataSetsAbout(kinds: readonly string[], coreDataSets: JsonObject[]): JsonObject[] {
  const own = kinds.filter((each) => vaccinationKinds.has(each))
  if (own.length === 0) return coreDataSets
  return coreDataSets.filter(({ vaccination }) => {
    if (!isJsonObject(vaccination)) return true
    const { disease, vaccine, brand } = vaccination
    return kindsByCodes(objectsIn([disease ?? null]), objectsIn([vaccine ?? null, brand ?? null])).some((each) =>
      own.includes(each),
    )
  })
}

function kindsOf(immunization: JsonObject): string[] {
  const named = listAt(immunization, 'protocolApplied')
    .flatMap((each) => listAt(each, 'targetDisease'))
    .flatMap((each) => listAt(each, 'coding'))
  return kindsByCodes(named, listAt(immunization.vaccineCode, 'coding'))
}

/** Kinds by the codings of the diseases that are named, and of the vaccine. */
function kindsByCodes(named: JsonObject[], coding: JsonObject[]): string[] {
  const byDisease = named.map(({ code }) => diseaseKinds.get(String(code)) ?? VACCINATION)
  const byVaccine = coding.some(isYellowFeverVaccine) ? ['yellow-fever'] : []
  if (named.length > 0) return [...byDisease, ...byVaccine]
  if (byVaccine.length > 0) return byVaccine
  const isCatalogued = coding.some(({ system }) => productSystem.test(String(system)))
  return isCatalogued ? ['yellow-fever', 'poliomyelitis'] : [VACCINATION]
}

/** The objects under a member; the content of a Bundle that maps of strangers made may have any shape. */
function listAt(value: Json | undefined, name: string): JsonObject[] {
  const list = isJsonObject(value) ? value[name] : undefined
  return objectsIn(list)
}

const isYellowFeverVaccine = ({ system, code }: JsonObject) =>
  vaccineSystem.test(String(system)) && yellowFeverVaccines.has(String(code))
