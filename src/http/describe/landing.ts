import type { Software } from '../context.ts'

/** The page at `/`: what this is and where its interfaces are. Constant, so nothing needs escaping but the settings. */
export function landingPage(
  software: Software,
  { basePath, types }: { basePath: string; types: readonly string[] },
): string {
  const name = escapeHtml(`${software.name} ${software.version}`)
  const base = escapeHtml(basePath)
  const shown = Object.entries(whatIsHeld).filter(([type]) => types.includes(type))
  const held = shown.map(
    ([type, what]) => `<li><a href="${base}/${type}?_summary=true&amp;_format=json">${what}</a></li>\n`,
  )
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${name}</title>
<h1>${name}</h1>
<p>FHIR R4 terminology and business rules for the WHO Global Digital Health Certification Network.</p>
<ul>
<li><a href="${base}/metadata?_format=json&amp;_pretty=true">CapabilityStatement</a></li>
<li><a href="${base}/metadata?mode=terminology&amp;_format=json&amp;_pretty=true">TerminologyCapabilities</a></li>
${held.join('')}<li><a href="/openapi.json">OpenAPI</a></li>
<li><a href="/health">Health</a></li>
<li><a href="/ready">Readiness</a></li>
</ul>
</html>
`
}

/** What a visitor may look for first, by resource type. */
const whatIsHeld = { ValueSet: 'Value sets', CodeSystem: 'Code systems', PlanDefinition: 'Rules', StructureMap: 'Maps' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
