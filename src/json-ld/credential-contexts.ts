import { shippedContexts } from './contexts.ts'

/** Context of the Verifiable Credentials Data Model 1.0 (W3C). */
export const CREDENTIALS_V1 = 'https://www.w3.org/2018/credentials/v1'
/** Context under which linked data proofs are hashed (W3C Credentials Community Group). */
export const SECURITY_V2 = 'https://w3id.org/security/v2'

const VACCINATION_V2 = 'divoc-vaccination-v2.jsonld'
const TEST_V1 = 'divoc-test-certificate-v1.jsonld'

/** Context addresses of DIVOC credentials and the files that answer for them (contexts/LICENSE.md). Nothing is ever fetched. */
const CONTEXT_FILES = new Map([
  [CREDENTIALS_V1, 'credentials-v1.jsonld'],
  ['https://w3id.org/security/v1', 'security-v1.jsonld'],
  [SECURITY_V2, 'security-v2.jsonld'],
  // India
  ['https://cowin.gov.in/credentials/vaccination/v1', 'divoc-vaccination-v1.jsonld'],
  // India, Jamaica
  ['https://cowin.gov.in/credentials/vaccination/v2', VACCINATION_V2],
  // the Philippines
  ['https://divoc.prod/vaccine/credentials/vaccination/v1', VACCINATION_V2],
  // Sri Lanka
  ['https://divoc.lgcc.gov.lk/credentials/vaccination/v1', VACCINATION_V2],
  // Indonesia
  ['https://www.pedulilindungi.id/credentials/vaccination/v2', VACCINATION_V2],
  ['https://cowin.gov.in/credentials/testCertificate/v1', TEST_V1],
  ['https://cvstatus.icmr.gov.in/credentials/testCertificate/v1', TEST_V1],
])

/** Whether a credential may refer to that context. */
export const isCredentialContext = (url: string): boolean => CONTEXT_FILES.has(url)

/** The contexts of credentials, read once. */
export const credentialContexts = shippedContexts(CONTEXT_FILES)
