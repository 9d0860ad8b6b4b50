import { isJsonObject } from '../base/json.ts'
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
  if (!kinds.includes(VACCINATION)) return [...kinds]
  const told: string[] = []
  for (const { resource } of content?.entry ?? [])
    if (resource?.resourceType === 'Immunization') addTo(told, kindsOf(asJson(resource)))
  if (told.length === 0) return [...kinds]
  const all: string[] = []
  for (const each of kinds) if (each !== VACCINATION) addOnce(all, each)
  addTo(all, told)
  return all
}

/** Kinds of which a vaccination may be. */
const vaccinationKinds = new Set([VACCINATION, ...diseaseKinds.values()])

/**
 * The content as a rule set about these kinds is to see it: without the vaccinations that are of other kinds. A dose against yellow
 * fever, which is a whole series, would else complete that of any other disease.
 */
export function contentAbout(kinds: readonly string[], content: Bundle): Bundle {
  if (!kinds.some(isVaccinationKind)) return content
  const isOther = ({ resource }: BundleEntry) =>
    resource?.resourceType === 'Immunization' && !isAmong(kinds, kindsOf(asJson(resource)))
  const { entry = [] } = content
  return entry.some(isOther) ? { ...content, entry: entry.filter((each) => !isOther(each)) } : content
}

/** The core data sets as a rule set about these kinds is to see them: without the vaccinations that {@link contentAbout} leaves out. */
export function coreDataSetsAbout(kinds: readonly string[], coreDataSets: JsonObject[]): JsonObject[] {
  if (!kinds.some(isVaccinationKind)) return coreDataSets
  const isOther = ({ vaccination }: JsonObject) => {
    if (!isJsonObject(vaccination)) return false
    const { disease, vaccine, brand } = vaccination
    return !isAmong(kinds, kindsByCodes([disease], [vaccine, brand]))
  }
  return coreDataSets.some(isOther) ? coreDataSets.filter((each) => !isOther(each)) : coreDataSets
}

const isVaccinationKind = (kind: string): boolean => vaccinationKinds.has(kind)

const isAmong = (kinds: readonly string[], own: readonly string[]): boolean => own.some((each) => kinds.includes(each))

function kindsOf(immunization: JsonObject): string[] {
  const named: Coded[] = []
  for (const applied of listAt(immunization, 'protocolApplied'))
    for (const disease of listAt(applied, 'targetDisease')) named.push(...listAt(disease, 'coding'))
  return kindsByCodes(named, listAt(immunization.vaccineCode, 'coding'))
}

/** What may be a coding: the content of a Bundle that maps of strangers made may have any shape. */
type Coded = Json | undefined

/**
 * Kinds by the codings of the diseases that are named, and of the vaccine; what is no object is no coding. In loops: asked several times
 * of every vaccination.
 */
function kindsByCodes(named: readonly Coded[], codings: readonly Coded[]): string[] {
  const kinds: string[] = []
  for (const each of named) if (isJsonObject(each)) addOnce(kinds, diseaseKinds.get(String(each.code)) ?? VACCINATION)
  if (codings.some(isYellowFeverVaccine)) addOnce(kinds, 'yellow-fever')
  if (kinds.length > 0) return kinds
  return codings.some(isCatalogued) ? ['yellow-fever', 'poliomyelitis'] : [VACCINATION]
}

function addOnce(kinds: string[], kind: string): void {
  if (!kinds.includes(kind)) kinds.push(kind)
}

function addTo(kinds: string[], more: readonly string[]): void {
  for (const each of more) addOnce(kinds, each)
}

/** The list under a member; empty where there is none. */
function listAt(value: Coded, name: string): readonly Coded[] {
  const list = isJsonObject(value) ? value[name] : undefined
  return Array.isArray(list) ? list : nothing
}

const nothing: readonly Coded[] = []

/** By its code first: nearly none has such a one. */
const isYellowFeverVaccine = (coding: Coded): boolean =>
  isJsonObject(coding) && yellowFeverVaccines.has(String(coding.code)) && vaccineSystem.test(String(coding.system))

const isCatalogued = (coding: Coded): boolean => isJsonObject(coding) && productSystem.test(String(coding.system))
