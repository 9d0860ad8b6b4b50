/** WHO's database of prequalified vaccines: rows as its interface gives them. */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Findings } from './faults.ts'
import { codeOf, kindOf, organizationAt, type Row, rowOf } from './fields.ts'
import { type Product, type ProductKind, productKinds } from './product.ts'

/** Paths of what a row tells and is taken. */
export const takenPaths = [
  'ProductDetails.Identification.Id',
  'ProductDetails.Identification.Name',
  'ProductDetails.Type',
  'ProductDetails.Status',
  'ProductDetails.DateOfPreQualifiedAcceptance',
  'ProductDetails.ApplicantOrganization.Identification.Id',
  'ProductDetails.ApplicantOrganization.Identification.Name',
  'ProductDetails.ApplicantOrganization.Address.ISOCountryCode',
  'ProductDetails.DosageDetails.NoOfDosagesPerPrimaryContainer',
  'ProductDetails.StorageDetails.ShelfLife',
  'ProductDetails.StorageDetails.Temperature',
  'ProductDetails.PharmaceuticalForm',
  'ProductDetails.Presentation',
  'ProductDetails.NRADetails.Identification.Id',
  'ProductDetails.NRADetails.Identification.Name',
  'ProductDetails.VaccineDetails.VaccineName.FullName',
  'ProductDetails.VaccineDetails.VaccineName.AbbreviatedName',
  'ProductDetails.VaccineDetails.VaccineName.CommercialName',
  'ProductDetails.VaccineDetails.RouteOfAdministrationVx',
  'ProductDetails.LastPublishingDate',
  'SiteDetails.Organization.Identification.Id',
  'SiteDetails.Organization.Identification.Name',
  'SiteDetails.Organization.Address.Country',
  'SiteDetails.Status',
  'SiteDetails.SiteActivity',
  'EuProductCodes',
] as const

/** What the database tells beside: known, and no matter of terminology. */
const knownPaths = [
  ...takenPaths,
  'ProductDetails.PublishingRemarks',
  'ProductDetails.AssessmentProcedure',
  ...['AddressLine1', 'City', 'State', 'Country', 'PostalCode', 'Region'].flatMap((each) => [
    `ProductDetails.ApplicantOrganization.Address.${each}`,
    `SiteDetails.Organization.Address.${each}`,
  ]),
  'ProductDetails.ApplicantOrganization.Contact.Website',
  'ProductDetails.BulkSupplier.Id',
  'ProductDetails.BulkSupplier.Name',
  'ProductDetails.ConsumptionDetails.Diluent',
  'ProductDetails.PresentationOther',
  'ProductDetails.NRADetails.Address.AddressLine1',
  'ProductDetails.NRADetails.Address.Country',
  'ProductDetails.NRADetails.Contact.Website',
  'ProductDetails.VaccineDetails.Identification.Id',
  'ProductDetails.VaccineDetails.VialMonitor',
  'ProductDetails.VaccineDetails.MultidoseVialPolicy',
  'ProductDetails.PreservativeDetails.Id',
  'ProductDetails.PreservativeConcentartionDetails.Id',
]

/** Members whose content is not looked at. */
const wholeMembers = new Set(['ProductPackaging', 'DocumentDetails', 'ProductIngredients'])

/** Names that may stand in an object, by its path; a leaf has none. */
const known = new Map<string, Set<string>>()
for (const path of [...knownPaths, ...wholeMembers]) {
  const names = path.split('.')
  for (const [index, name] of names.entries()) {
    const parent = names.slice(0, index).join('.')
    known.set(parent, (known.get(parent) ?? new Set()).add(name))
  }
}

/** Tells of members that the database is not known to have. */
function tellUnknown(value: Json, path: string, row: Row): void {
  if (Array.isArray(value)) for (const each of value) tellUnknown(each, path, row)
  else if (isJsonObject(value) && !wholeMembers.has(path)) {
    const names = known.get(path)
    for (const [name, member] of Object.entries(value)) {
      const inner = path === '' ? name : `${path}.${name}`
      if (names?.has(name)) tellUnknown(member, inner, row)
      else row.remark(`the member ${inner.slice(0, 100)} is not known and was left out`)
    }
  }
}

/** The product of a row; undefined where the row has no id, which is a fault. */
export function readProduct(value: JsonObject, place: string, findings: Findings): Product | undefined {
  const row = rowOf(value, place, findings)
  tellUnknown(value, '', row)
  const details = 'ProductDetails'
  if (!isJsonObject(value[details])) {
    row.fault(`${details} is ${kindOf(value[details] ?? null)} and no object`)
    return undefined
  }
  const id = row.id(`${details}.Identification.Id`)
  if (id === undefined) row.fault(`there is no id (${details}.Identification.Id)`)
  const status = row.text(`${details}.Status`)
  if (status === undefined) row.fault(`there is no status (${details}.Status)`)
  const told = tellOf(row, details)
  return id === undefined || status === undefined ? undefined : withRemarks({ id, status, ...told }, row)
}

function tellOf(row: Row, details: string): Omit<Product, 'id' | 'status'> {
  const listing = row.text(`${details}.Identification.Name`)
  const vaccine = `${details}.VaccineDetails.VaccineName`
  const type = typeOf(row, vaccine)
  const country = row.text(`${details}.ApplicantOrganization.Address.ISOCountryCode`)
  const doses = row.count(`${details}.DosageDetails.NoOfDosagesPerPrimaryContainer`)
  const optional = {
    listing,
    listedSince: row.day(`${details}.DateOfPreQualifiedAcceptance`),
    type,
    holder: organizationAt(row, `${details}.ApplicantOrganization.Identification`, country),
    authority: organizationAt(row, `${details}.NRADetails.Identification`),
    presentation: row.text(`${details}.Presentation`),
    form: row.text(`${details}.PharmaceuticalForm`),
    route: row.text(`${details}.VaccineDetails.RouteOfAdministrationVx`),
    shelfLife: row.text(`${details}.StorageDetails.ShelfLife`),
    storage: row.text(`${details}.StorageDetails.Temperature`),
    doses,
    published: row.moment(`${details}.LastPublishingDate`),
  }
  return {
    kind: kindOfProduct(row, `${details}.Type`),
    name: nameOf({ commercial: row.text(`${vaccine}.CommercialName`), type: type?.display, listing, doses }),
    ...present(optional),
    manufacturers: manufacturersOf(row),
    euCodes: euCodesOf(row),
    place: row.place,
  }
}

/** A copy without what is undefined. */
const present = <T extends object>(members: T) =>
  // Members are only left out that are undefined anyway.
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

/** The type of vaccine by WHO's abbreviation; without one by its full name. */
function typeOf(row: Row, vaccine: string): Product['type'] {
  const full = row.text(`${vaccine}.FullName`)
  const short = row.text(`${vaccine}.AbbreviatedName`)
  const code = codeOf(short ?? full ?? '')
  return code === '' ? undefined : { code, display: full ?? short ?? code }
}

const wordsOfKinds: Record<ProductKind, RegExp> = {
  vaccine: /^(?:finished\s?vaccine\s?products?|vaccines?)$/i,
  'test-device': /^(?:test[ -]?devices?|in[ -]vitro diagnostics?|ivd)$/i,
  commodity: /^(?:commodit(?:y|ies))$/i,
}

function kindOfProduct(row: Row, path: string): ProductKind {
  const told = row.text(path)
  // Rows of withdrawn vaccines tell nothing but id and status.
  if (told === undefined) return 'vaccine'
  const found = productKinds.find((each) => wordsOfKinds[each].test(told))
  if (found === undefined)
    row.fault(`${path} '${told.slice(0, 60)}' is no kind of product that is known: ${productKinds.join(', ')}`)
  return found ?? 'vaccine'
}

const saysNothing = /^(?:n\/?a|not applicable|none|-+)$/i

function nameOf(told: {
  commercial?: string | undefined
  type?: string | undefined
  listing?: string | undefined
  doses?: number | undefined
}): string {
  const { commercial, type, listing, doses } = told
  const name = [commercial, type, listing].find((each) => each !== undefined && !saysNothing.test(each)) ?? ''
  if (name === '' || doses === undefined) return name
  return `${name}, ${doses} ${doses === 1 ? 'dose' : 'doses'}`
}

/** Sites that make the finished vaccine and are accepted. */
function manufacturersOf(row: Row): Product['manufacturers'] {
  const found = row.rows('SiteDetails').flatMap((site) => {
    const activity = site.text('SiteActivity') ?? 'FVP Manufacture'
    const status = site.text('Status') ?? 'Accepted'
    const made = organizationAt(site, 'Organization.Identification')
    return made && /^FVP Manufacture$/i.test(activity) && /^Accepted$/i.test(status) ? [made] : []
  })
  return [...new Map(found.map((each) => [each.code, each])).values()]
}

/** Codes between `|`, as in CSV. */
function euCodesOf(row: Row): string[] {
  const codes = (row.text('EuProductCodes') ?? '').split('|').map((each) => each.trim())
  return codes.filter((each) => each !== '')
}

function withRemarks(product: Product, row: Row): Product {
  if (product.name === '') product.name = product.id
  if (/^prequalified$/i.test(product.status)) {
    if (product.listedSince === undefined)
      row.remark('is prequalified, and no day is told since when: no rule that asks for the day accepts it')
    if (product.type === undefined) row.remark('is prequalified, and its type is not told')
  }
  return product
}
