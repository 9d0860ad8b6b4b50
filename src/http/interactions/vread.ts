import { notFound } from '../../fhir/error.ts'
import type { Interaction } from '../context.ts'
import { gone } from '../message/errors.ts'
import { versionHeaders } from '../message/head.ts'
import { refusePending } from './pending.ts'

/** `GET [base]/[type]/[id]/_history/[vid]`; a version never changes, so it may be kept for ever. */
export const vread: Interaction = async (context, _request, { type, id, versionId }) => {
  const version = await context.storage.readVersion(type, id, versionId)
  if (!version) await refusePending(context, type, { ids: [id] })
  if (!version) throw notFound(`There is no version ${versionId} of ${type}/${id}.`)
  if (!version.resource) throw gone(type, id, versionId)
  const headers = { ...versionHeaders(version), 'Cache-Control': 'public, max-age=31536000, immutable' }
  return { status: 200, headers, resource: version.resource }
}
