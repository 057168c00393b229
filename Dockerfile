# The static site: built with Node, served by nginx as a user without rights, on port 8080.
#   docker build -t tabtune . && docker run --rm -p 8080:8080 tabtune
FROM node:22-slim AS build
WORKDIR /site
COPY package.json package-lock.json .npmrc ./
COPY stubs stubs
RUN npm ci
COPY . .
# The address that people will open, for signing in at the hub: --build-arg TABTUNE_SITE=https://example.org/tabtune/
ARG TABTUNE_SITE
RUN npm run build

FROM nginxinc/nginx-unprivileged:1.29-alpine
COPY scripts/nginx.conf /etc/nginx/conf.d/default.conf
COPY --from=build /site/dist /usr/share/nginx/html
EXPOSE 8080
