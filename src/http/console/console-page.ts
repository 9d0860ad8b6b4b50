/** The one page of the console, and what a browser may do on it. */
import { escapeHtml } from '../describe/escape-html.ts'
import type { ConsoleManifest } from './console-files.ts'

/**
 * Scripts, styles, pictures and questions of this server alone; WebAssembly for the scanner, `blob:` for a picture that somebody drops.
 * No script that was made of a text, no frame, no form that is sent.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  // One policy, made once by src/console/verify/scan/worker-address.ts: it lets the scanner's worker be started and nothing else.
  'trusted-types vidimus-scanner',
].join('; ')

/** Headers of the page. A camera is asked for by this page alone; nothing else of the machine is. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': policy,
  'Permissions-Policy':
    'camera=(self), clipboard-write=(self), screen-wake-lock=(self), fullscreen=(self), microphone=(), geolocation=(), payment=(), usb=(), serial=()',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-cache',
  'Content-Type': 'text/html; charset=utf-8',
}

/** What the page says of the server. */
export interface PageFacts {
  /** Path of the FHIR base without a slash at the end. */
  basePath: string
  /** Name and version of the software. */
  software: string
  /** Whether specimens are to be had (`/specimens`). */
  hasSpecimens: boolean
  /** Links for browsers that run no script, as HTML. */
  links: string
}

/** The page. Nothing in it comes from a request. */
export function consolePage(
  { script, style, preload }: ConsoleManifest,
  { basePath, software, links, hasSpecimens }: PageFacts,
): string {
  const preloads = preload.map((name) => `<link rel="modulepreload" href="/console/${name}">\n`)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="fhir-base" content="${escapeHtml(basePath)}">
<meta name="software" content="${escapeHtml(software)}">
${hasSpecimens ? '<meta name="specimens" content="/specimens">\n' : ''}<meta name="color-scheme" content="light dark">
<title>vidimus</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/console/${style}">
${preloads.join('')}<script type="module" src="/console/${script}"></script>
</head>
<body>
<div id="console"><noscript>
${links}</noscript></div>
</body>
</html>
`
}
