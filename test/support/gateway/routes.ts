/** The routes of the gateway, and what is checked before each of them in the gateway's order. */
import { type Answer, type Asked, forbidden, report } from './answer.ts'
import * as certificates from './certificates.ts'
import type { Quirks, Role } from './quirks.ts'
import * as references from './references.ts'
import * as revocation from './revocation.ts'
import type { Rows } from './rows.ts'
import * as rules from './rules.ts'
import { requireAccept, requireType } from './upload.ts'

/** What a route works with. */
export interface Work {
  rows: Rows
  quirks: Quirks
  now(): Date
  /** Roles of a country. */
  roles(country: string): readonly Role[]
}

interface Route {
  method: string
  path: RegExp
  /** Content types that it takes; those of GET take none. */
  takes?: readonly string[]
  /** Content types that it answers with. */
  gives?: readonly string[]
  role?: Role
  /** Whether it is there at all. */
  isOn?(quirks: Quirks): boolean
  answer(work: Work, asked: Asked): Answer | Promise<Answer>
}

const cmsText = ['application/cms-text', 'application/cms']
const cms = ['application/cms']
const asJson = ['application/json']
const segment = '[^/]+'
const exact = (path: string) => new RegExp(`^${path}$`)
const batches = (quirks: Quirks) => quirks.revocation === true

const routes: Route[] = [
  {
    method: 'POST',
    path: exact('/trust/reference'),
    takes: cmsText,
    answer: ({ rows, quirks }, asked) => references.uploadReference(rows, quirks, asked),
  },
  {
    method: 'DELETE',
    path: exact('/trust/reference'),
    takes: cmsText,
    answer: ({ rows }, asked) => references.deleteReference(rows, asked),
  },
  {
    method: 'GET',
    path: exact(`/trust/reference/${segment}`),
    gives: asJson,
    answer: ({ rows, quirks }, asked) => references.readReference(rows, quirks, asked),
  },
  {
    method: 'GET',
    path: exact('/trustList/references'),
    gives: asJson,
    answer: ({ rows, quirks }, asked) => references.listReferences(rows, quirks, asked),
  },
  {
    method: 'GET',
    path: exact('/trustList/issuers'),
    gives: asJson,
    answer: ({ rows }, asked) => certificates.listIssuers(rows, asked),
  },
  {
    method: 'GET',
    path: exact('/trustList/certificate'),
    gives: asJson,
    answer: ({ rows }, asked) => certificates.listCertificates(rows, asked),
  },
  {
    method: 'GET',
    path: exact(`/trustList(?:/${segment}){0,2}`),
    gives: asJson,
    answer: ({ rows }, asked) => certificates.listTrust(rows, asked),
  },
  {
    method: 'GET',
    path: exact('/countrylist'),
    gives: asJson,
    answer: ({ rows }) => certificates.listCountries(rows),
  },
  {
    method: 'POST',
    path: exact('/trustedCertificate'),
    takes: asJson,
    answer: ({ rows }, asked) => certificates.uploadCertificate(rows, asked),
  },
  {
    method: 'POST',
    path: exact('/signerCertificate'),
    takes: cms,
    answer: ({ rows }, asked) => certificates.uploadSigner(rows, asked),
  },
  {
    method: 'DELETE',
    path: exact('/(?:trusted|signer)Certificate'),
    takes: cms,
    answer: ({ rows }, asked) => certificates.deleteCertificate(rows, asked),
  },
  {
    method: 'POST',
    path: exact('/(?:trusted|signer)Certificate/delete'),
    takes: cms,
    answer: ({ rows }, asked) => certificates.deleteCertificate(rows, asked),
  },
  {
    method: 'GET',
    path: exact('/revocation-list'),
    gives: asJson,
    role: 'REVOCATION_LIST_READER',
    isOn: (quirks) => quirks.revocation !== 'off',
    answer: ({ rows, quirks, now }, asked) => revocation.listBatches(rows, quirks, asked, now()),
  },
  {
    method: 'GET',
    path: exact(`/revocation-list/${segment}`),
    gives: cmsText,
    role: 'REVOCATION_LIST_READER',
    isOn: batches,
    answer: ({ rows }, asked) => revocation.readBatch(rows, asked),
  },
  {
    method: 'POST',
    path: exact('/revocation-list'),
    takes: cmsText,
    role: 'REVOCATION_UPLOADER',
    isOn: batches,
    answer: ({ rows, now }, asked) => revocation.uploadBatch(rows, asked, now()),
  },
  {
    method: 'DELETE',
    path: exact('/revocation-list'),
    takes: cmsText,
    role: 'REVOCATION_DELETER',
    isOn: batches,
    answer: ({ rows, now }, asked) => revocation.deleteBatch(rows, asked, now()),
  },
  {
    method: 'POST',
    path: exact('/revocation-list/delete'),
    takes: cmsText,
    role: 'REVOCATION_DELETER',
    isOn: batches,
    answer: ({ rows, now }, asked) => revocation.deleteBatch(rows, asked, now()),
  },
  {
    method: 'POST',
    path: exact('/rules'),
    takes: cmsText,
    answer: ({ rows, now }, asked) => rules.uploadRule(rows, asked, now()),
  },
  {
    method: 'DELETE',
    path: exact('/rules'),
    takes: cmsText,
    answer: ({ rows }, asked) => rules.deleteRule(rows, asked),
  },
  {
    method: 'POST',
    path: exact('/rules/delete'),
    takes: cmsText,
    answer: ({ rows }, asked) => rules.deleteRule(rows, asked),
  },
  {
    method: 'GET',
    path: exact(`/rules/${segment}`),
    gives: asJson,
    answer: ({ rows, now }, asked) => rules.listRules(rows, asked, now()),
  },
  { method: 'GET', path: exact('/valuesets'), gives: asJson, answer: ({ rows }) => rules.listValueSets(rows) },
  {
    method: 'GET',
    path: exact(`/valuesets/${segment}`),
    gives: asJson,
    answer: ({ rows }, asked) => rules.readValueSet(rows, asked),
  },
]

/**
 * Answers a request in the order of the gateway's checks: path, caller, method with content type, Accept and role, empty body; the rest
 * is the route's.
 * @throws Refusal
 */
export async function answerRequest(work: Work, asked: Asked, caller: () => string): Promise<Answer> {
  const there = routes.filter((each) => each.path.test(asked.path) && (each.isOn?.(work.quirks) ?? true))
  if (there.length === 0) throw report(404, `No static resource ${asked.path.slice(1)}.`, asked.path)
  asked.country = caller()
  const route = there.find(({ method }) => method === asked.method)
  if (!route) throw forbidden()
  if (route.takes) requireType(asked, route.takes)
  requireAccept(asked, route.gives ?? [])
  if (route.role && !work.roles(asked.country).includes(route.role)) throw forbidden()
  if (route.takes && asked.body.length === 0) throw report(400, 'Failed to read request', asked.path)
  return route.answer(work, asked)
}
