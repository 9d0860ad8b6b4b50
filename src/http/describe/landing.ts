import type { Software } from '../context.ts'
import { escapeHtml } from './escape-html.ts'

/** Where the page is, and what it shows. */
interface Place {
  /** Path of the FHIR base. */
  basePath: string
  /** Types that are served. */
  types: readonly string[]
}

/** The page at `/` where no console was built: what this is and where its interfaces are. */
export function landingPage(software: Software, place: Place): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(software.name)}</title>
${landingLinks(software, place)}</html>
`
}

/** Its content. Constant, so nothing needs escaping but the settings. */
export function landingLinks(software: Software, { basePath, types }: Place): string {
  const base = escapeHtml(basePath)
  const shown = Object.entries(whatIsHeld).filter(([type]) => types.includes(type))
  const held = shown.map(
    ([type, what]) => `<li><a href="${base}/${type}?_summary=true&amp;_format=json">${what}</a></li>\n`,
  )
  return `<h1>${escapeHtml(`${software.name} ${software.version}`)}</h1>
<p>FHIR R4 terminology and business rules for the WHO Global Digital Health Certification Network.</p>
<ul>
<li><a href="${base}/metadata?_format=json&amp;_pretty=true">CapabilityStatement</a></li>
<li><a href="${base}/metadata?mode=terminology&amp;_format=json&amp;_pretty=true">TerminologyCapabilities</a></li>
${held.join('')}<li><a href="/openapi.json">OpenAPI</a></li>
<li><a href="/health">Health</a></li>
<li><a href="/ready">Readiness</a></li>
</ul>
`
}

/** What a visitor may look for first, by resource type. */
const whatIsHeld = { ValueSet: 'Value sets', CodeSystem: 'Code systems', PlanDefinition: 'Rules', StructureMap: 'Maps' }
