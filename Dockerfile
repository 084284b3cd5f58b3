# One build, one image per service: docker build --target kafka-gateway -t weir/kafka-gateway .
FROM node:24-slim AS build
WORKDIR /src
COPY . .
RUN npm ci
RUN node tools/build/src/main.ts apps/control-plane \
 && node tools/build/src/main.ts apps/kafka-gateway \
 && node tools/build/src/main.ts tools/dev-issuer

# What the services have in common: Node, no packages, no root.
FROM node:24-slim AS runtime
ENV NODE_ENV=production
RUN install -d -o node -g node -m 0700 /var/lib/weir
USER node
WORKDIR /opt/weir

FROM runtime AS control-plane
# A named volume takes over owner and mode of the folder that it is mounted on.
RUN install -d -m 0700 /var/lib/weir/control-plane /var/lib/weir/signing
COPY --from=build /src/apps/control-plane/dist /opt/weir/control-plane
ENTRYPOINT ["node", "/opt/weir/control-plane/main.js"]
CMD ["--config", "/etc/weir/control-plane.yaml"]
EXPOSE 8080 8090

FROM runtime AS kafka-gateway
RUN install -d -m 0700 /var/lib/weir/kafka-gateway
COPY --from=build /src/apps/kafka-gateway/dist /opt/weir/kafka-gateway
ENTRYPOINT ["node", "/opt/weir/kafka-gateway/main.js"]
CMD ["--config", "/etc/weir/kafka-gateway.yaml"]
EXPOSE 9092 9094 8091

# Gives anybody's token to whoever asks, so it refuses to run as production.
FROM runtime AS dev-issuer
ENV NODE_ENV=development
COPY --from=build /src/tools/dev-issuer/dist /opt/weir/dev-issuer
ENTRYPOINT ["node", "/opt/weir/dev-issuer/main.js"]
CMD ["--every-address"]
EXPOSE 8081
