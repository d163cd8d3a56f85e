# syntax=docker/dockerfile:1

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
# The test folder is not part of the image, so only src/ is compiled; then what only a build needs goes.
RUN node scripts/build.js && npm prune --omit=dev

FROM node:20-bookworm-slim
# tini passes signals on and reaps what functions leave behind; python3 runs Python functions.
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini python3 ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist/src dist/src
COPY package.json README.md ./
COPY bin bin
COPY examples examples
RUN install -d -o node -g node /var/lib/laneway/data /var/lib/laneway/functions-store
USER node
ENV NODE_ENV=production \
    LANEWAY_HOST=0.0.0.0 \
    LANEWAY_PORT=8080 \
    LANEWAY_DATA=/var/lib/laneway/data \
    LANEWAY_STORE=/var/lib/laneway/functions-store
VOLUME /var/lib/laneway
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.LANEWAY_PORT + '/health').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--", "node", "bin/fas.js"]
CMD ["serve"]
