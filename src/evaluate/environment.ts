import type { CredentialFormat } from '../credentials/credential-format.ts'
import type { Followed, LinkQuestion } from '../credentials/health-link/follow.ts'
import type { HealthLink } from '../credentials/health-link/health-link.ts'
import type { ImageReading } from '../images/images.ts'
import type { KeySource } from '../trust/keys/trusted-key.ts'
import type { RevocationLists } from '../trust/revocation/revocation-lists.ts'
import type { JobCall } from '../workers/job-pool.ts'
import type { Mapping } from './map/map-content.ts'
import type { EvaluateRequest, EvaluateSettings } from './request.ts'
import type { RuleSurroundings } from './run-rules.ts'
import type { VerificationContext } from './verify/verify.ts'

/** Artefacts that a verdict is made with. */
export type ArtefactType = 'PlanDefinition' | 'Library' | 'StructureMap' | 'ValueSet'

/** Everything the main job needs, given by the server. */
export interface EvaluateEnvironment extends RuleSurroundings {
  settings: EvaluateSettings & Pick<VerificationContext, 'revocationFailure' | 'domainMismatch'>
  /** Default: all that the server knows. */
  formats?: readonly CredentialFormat[]
  /** The trusted keys now; replaced as a whole when a list is refreshed. */
  keys(): KeySource
  /** The revocation lists now, for those keys. */
  revocations?(): RevocationLists | undefined
  mapping: Omit<Mapping, 'now' | 'uuid'>
  now(): Date
  /** Which stored artefact a canonical stands for, and the SHA-256 of its content; without it the reply names no hashes. */
  contentOf?(
    type: ArtefactType,
    canonical: string,
  ): Promise<{ type: ArtefactType; canonical: string; hash: string } | undefined>
  /** Another number as soon as `contentOf` may answer otherwise. */
  contentRevision?(): number
  /** Finds the codes on a picture; without it `credentialImage` is refused. */
  readImage?(
    image: NonNullable<EvaluateRequest['image']>,
    client: Pick<JobCall, 'client' | 'isGone'>,
  ): Promise<ImageReading>
  /** Fetches what a health link points to; without it `followLinks` is refused. */
  followLink?(link: HealthLink, ask: LinkQuestion): Promise<Followed>
}
