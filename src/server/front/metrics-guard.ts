/** Who may see numbers of a server. */
import type { IncomingMessage } from 'node:http'
import { FhirError, issue } from '../../fhir/error.ts'
import { bringsToken } from '../../http/limits/requester.ts'

/** Judges who asks: with a token of the setting METRICS_TOKEN those alone who bring it. What it makes throws FhirError 401. */
export function metricsGuard(metricsToken: string | undefined): (message: IncomingMessage) => void {
  return (message) => {
    if (metricsToken !== undefined && !bringsToken(message, metricsToken))
      throw new FhirError(401, issue('login', 'Metrics need the token of the setting METRICS_TOKEN.'), {
        'WWW-Authenticate': 'Bearer realm="metrics"',
      })
  }
}
