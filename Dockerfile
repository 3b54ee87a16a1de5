# Tidegate's roles in one image; the command names the role: api, worker --main, worker --service shop --env prod, …
#   docker build --tag tidegate:0.1.0 .

FROM node:20.20.2-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20.20.2-bookworm-slim
# git builds candidates; util-linux brings flock, setsid and setpriv, which keep deploy scripts one at a time.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends git openssh-client util-linux ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /var/lib/tidegate /etc/tidegate /etc/tidegate/releases
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY deploy/tidegate deploy/tidegate
USER node
ENV NODE_ENV=production TIDEGATE_STATE=/var/lib/tidegate TIDEGATE_CONFIG=/etc/tidegate
VOLUME /var/lib/tidegate
EXPOSE 7400
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 CMD ["node", "/app/deploy/tidegate/is-ready.mjs"]
ENTRYPOINT ["node", "/app/dist/src/cli/main.js"]
CMD ["--help"]
