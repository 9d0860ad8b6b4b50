# The base content comes from development packages: it is packed in a stage of its own.
FROM node:24-slim AS content
WORKDIR /app
COPY package.json package-lock.json ./
COPY scripts ./scripts
RUN npm ci --ignore-scripts
COPY src ./src
COPY docs ./docs
COPY tsconfig.json ./
RUN node scripts/build-console.ts && node scripts/build-base-content.ts && node scripts/build-definitions.ts && node scripts/build-prepared-store.ts && node scripts/build-program.ts

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATA_DIR=/data
WORKDIR /app
COPY package.json package-lock.json ./
COPY scripts/stub ./scripts/stub
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY src ./src
COPY igs ./igs
COPY rules ./rules
COPY valuesets ./valuesets
COPY --from=content /app/content ./content
COPY --from=content /app/dist/console ./dist/console
COPY --from=content /app/dist/program.bin ./dist/program.bin
COPY README.md ARCHITECTURE.md LICENSE NOTICE content-record.json ./
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/vidimus.js", "serve"]
