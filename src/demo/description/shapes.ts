/**
 * Members that a description may have, by format: what a format has no place for would be left out in silence, and a misspelt member
 * would be missed by nobody. `null`: anything; a list of one: a list of such, or one alone.
 */
export type Shape = null | { readonly [member: string]: Shape } | readonly [Shape]

const members = (names: string): { [member: string]: Shape } =>
  Object.fromEntries(names.split(' ').map((name) => [name, null]))

const coding = members('system code display version')
const address = members('streetAddress streetAddress2 district city addressRegion addressCountry postalCode')
const identity = { name: null, birthDate: null, sex: coding, identifier: null, resourceType: null }
const certificate = {
  certificate: {
    ...members('version kid'),
    issuer: null,
    hcid: null,
    ppc: null,
    period: members('start end'),
  },
}
const claim: Shape = {
  ...members('n dob s ntl nid ndt gn nt id dt d'),
  v: [members('dn tg vp mp ma mid dt dv bo vls vle cn is')],
  vx: [members('dn tg vp mp ma mid dt dv bo vls vle cn is')],
}
const link = members('url key flag label exp v')
const entry = 'tg co is ci'

/** Shape of `content`, by format. */
export const contentShapes = {
  'hcert-dcc': {
    ...members('ver dob'),
    nam: members('fn gn fnt gnt'),
    v: [members(`${entry} vp mp ma dn sd dt`)],
    t: [members(`${entry} tt nm ma sc tr tc dr`)],
    r: [members(`${entry} fr df du`)],
  },
  'hcert-ddcc-vs': {
    ...identity,
    vaccination: {
      ...members('lot date validFrom validUntil dose totalDoses centre practitioner nextDose'),
      vaccine: coding,
      brand: coding,
      manufacturer: coding,
      maholder: coding,
      country: coding,
      disease: coding,
    },
    ...certificate,
  },
  'hcert-ddcc-tr': {
    ...identity,
    test: {
      ...members('date centre'),
      pathogen: coding,
      type: coding,
      brand: coding,
      manufacturer: coding,
      origin: coding,
      result: coding,
      country: coding,
    },
    ...certificate,
  },
  'hcert-dvc': claim,
  'hcert-icvp': claim,
  'hcert-link': link,
  'smart-health-link': link,
  shc: { rid: null, types: [null], resources: [null] },
  divoc: {
    ...members('nonTransferable'),
    credentialSubject: { ...members('id refId name gender sex age dob nationality'), address },
    evidence: [
      {
        ...members('id feedbackUrl infoUrl certificateId type batch vaccine manufacturer icd11Code prophylaxis'),
        ...members('date effectiveStart effectiveUntil dose totalDoses'),
        verifier: members('name'),
        facility: { name: null, address },
      },
    ],
  },
  'icao-vds-nc': {
    ...members('ver uvci utci opt'),
    pid: members('n dob sex dt i ai'),
    ve: [{ ...members('des dis nam'), vd: [members('adm ctr dvc dvn lot seq')] }],
    sp: null,
    dat: null,
    tr: null,
  },
} as const satisfies Record<string, Shape>

/** A format of which test credentials are issued. */
export type IssuedFormat = keyof typeof contentShapes
